"""The tour with the client that openapi-python-client makes."""

import os

from discovery_v2 import AuthenticatedClient as Discovery
from discovery_v2.api.admin import add_msisdn, delete_msisdn, swap_sim
from discovery_v2.api.inventory import get_imsi, get_msisdn
from discovery_v2.models import ErrorEnvelope, MsisdnInfo, SimBody
from portability_v1 import AuthenticatedClient as Portability
from portability_v1.api.mobile_operations import (
    accept_portability,
    cancel_portability,
    create_portability,
    get_owner_operator,
    restart_reply,
)
from portability_v1.api.mobile_portabilities import (
    get_last_portability,
    get_operators,
    get_pending_donor,
    get_portabilities,
    get_portabilities_by_process_id,
    get_portability,
)
from portability_v1.models import CancelBody, CancelCauseName, PortabilityBody

from api import porting

NUMBER = "666777910"
discovery = Discovery(base_url=os.environ["URL"], token=os.environ["TOKEN"])
portability = Portability(base_url=os.environ["URL"], token=os.environ["TOKEN"])

# A number is added, and gets another SIM.
created = add_msisdn.sync("yoigo", NUMBER, client=discovery, body=SimBody(imsi="214049000099101"))
assert isinstance(created, MsisdnInfo) and created.msisdn == NUMBER, created
assert swap_sim.sync_detailed("yoigo", NUMBER, client=discovery, body=SimBody(imsi="214049000099102")).status_code == 204
found = get_imsi.sync("214049000099101", client=discovery, feature_flag_preserve_the_prefix="yes")
assert found.msisdn == f"+34{NUMBER}", found
assert [sim.imsi for sim in found.imsis] == ["214049000099102", "214049000099101"], found
refused = add_msisdn.sync("yoigo", NUMBER, client=discovery, body=SimBody(imsi="214049000099103"))
assert isinstance(refused, ErrorEnvelope) and refused.status == 409, refused

# It is ported in, the donor answers and takes its answer back, the recipient cancels.
request = PortabilityBody.from_dict(porting(NUMBER, "00500009910"))
first = create_portability.sync_detailed("masmovil", client=portability, body=request)
assert first.status_code == 201 and first.parsed[0].state == "ASOL", first
assert create_portability.sync_detailed("masmovil", client=portability, body=request).status_code == 204
process = first.parsed[0].process_id
assert process in [one.process_id for one in get_pending_donor.sync("yoigo", client=portability)]
assert accept_portability.sync_detailed("yoigo", process, client=portability).status_code == 201
assert restart_reply.sync("yoigo", process, client=portability)[0].state == "ASOL"
cancel = CancelBody(cause=CancelCauseName.CANC_ABONA)
assert cancel_portability.sync("masmovil", NUMBER, client=portability, body=cancel)[0].state == "ACAN"

# All of it can be read.
detail = get_portability.sync("masmovil", first.parsed[0].id, client=portability)
events = [str(event.message_type) for event in detail.portability_events.history]
assert (events[0], events[-1]) == ("SOLICITUD_ALTA", "CANCELACION_ALTA"), events
assert detail.subscriber.account.document == "09288205T", detail
listed = get_portabilities.sync("masmovil", client=portability, filter_=f'process_id eq "{process}" and state eq "ACAN"', limit=5)
assert len(listed) == 1, listed
assert len(get_portabilities_by_process_id.sync("yoigo", process, client=portability)) == 1
assert get_last_portability.sync("masmovil", NUMBER, client=portability)[0].cause_status == "CANC_ABONA"
assert get_owner_operator.sync("masmovil", NUMBER, client=portability).involucrada_proceso_portabilidad is False
assert [one.operator_code for one in get_operators.sync("masmovil", client=portability, operator_code="075")] == ["075"]

# The number is removed, and is not found any more.
assert delete_msisdn.sync_detailed("yoigo", NUMBER, client=discovery).status_code == 204
gone = get_msisdn.sync(NUMBER, client=discovery, embed="tenant,imsis")
assert isinstance(gone, ErrorEnvelope) and gone.status == 404, gone
