// The published codes in plain words.

export const STATES = {
  AENV: 'waits for the Node',
  ASOL: 'waits for the donor',
  ACON: 'confirmed',
  APOR: 'ported',
  AREC: 'refused',
  ACAN: 'cancelled',
};

export const EVENTS = {
  ENVIO_ALTA: 'Stored',
  SOLICITUD_ALTA: 'Registered',
  CONFIRMACION_ALTA: 'Confirmed',
  RECHAZO_ALTA: 'Refused',
  CANCELACION_ALTA: 'Cancelled',
  PORTABILIDAD_EFECTIVA: 'Ported',
  REINICIO_RESPUESTA: 'Answer taken back',
};

// What time alone does next to a portability in this state.
export const NEXT = {
  AENV: 'The Node opens',
  ASOL: 'Donor’s answer or deadline',
  ACON: 'Window',
};

export const DENY_CAUSES = [
  ['RECH_IDENT', 'RECH_IDENT: the document does not match'],
  ['RECH_ICCID', 'RECH_ICCID: the SIM does not match'],
  ['RECH_BNUME', 'RECH_BNUME: the number is being returned'],
  ['RECH_FMAYO', 'RECH_FMAYO: force majeure'],
  ['RECH_PERDI', 'RECH_PERDI: SIM reported lost or stolen'],
];

export const CANCEL_CAUSES = [
  ['CANC_ABONA', 'CANC_ABONA: the subscriber’s wish'],
  ['CANC_TECNI', 'CANC_TECNI: technical reasons'],
  ['CANC_ERROR', 'CANC_ERROR: the operator’s error'],
];
