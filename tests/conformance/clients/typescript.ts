// The tour with the types that openapi-typescript makes, and openapi-fetch.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { paths as DiscoveryPaths } from "./discovery-v2.js";
import type { components, paths as PortabilityPaths } from "./portability-v1.js";

const { URL: baseUrl = "", TOKEN } = process.env;
const headers = { Authorization: `Bearer ${TOKEN}` };
const discovery = createClient<DiscoveryPaths>({ baseUrl, headers });
const portability = createClient<PortabilityPaths>({ baseUrl, headers });

const number = "666777920";
const numbered = { params: { path: { org: "yoigo", msisdn: number } } };
const recipient = { orgs: "masmovil" };
const donor = { orgs: "yoigo" };

// A number is added, and gets another SIM.
const created = await discovery.POST("/v2/orgs/{org}/msisdns/{msisdn}", { ...numbered, body: { imsi: "214049000099201" } });
assert.equal(created.response.status, 201);
assert.equal(created.data?.org, "yoigo");
const swapped = await discovery.PUT("/v2/orgs/{org}/msisdns/{msisdn}", { ...numbered, body: { imsi: "214049000099202" } });
assert.equal(swapped.response.status, 204);
const found = await discovery.GET("/v2/imsis/{imsi}", {
  params: { path: { imsi: "214049000099201" }, header: { "feature-flag.preserve-the-prefix": "yes" } },
});
assert.equal(found.data?.msisdn, `+34${number}`);
assert.deepEqual(found.data?.imsis?.map((sim) => sim.imsi), ["214049000099202", "214049000099201"]);
const refused = await discovery.POST("/v2/orgs/{org}/msisdns/{msisdn}", { ...numbered, body: { imsi: "214049000099203" } });
assert.equal(refused.error?.status, 409);

// It is ported in, the donor answers and takes its answer back, the recipient cancels.
const bound: components["schemas"]["BoundBody"] = { msisdn: { country_code: "34", number }, icc_id: "8934221507160508791" };
const body: components["schemas"]["PortabilityBody"] = {
  access_type: "INDIVIDUAL",
  contract_code: "00500009920",
  msisdn_ranges: [{ initial_range: bound, end_range: bound }],
  nrn_receptor: "741111",
  recipient_operator: null,
  subscriber: { document: "09288205T", document_type: "NIF", name: "Martina", surname: "Fraile Méndez" },
};
const requested = await portability.POST("/v1/orgs/{orgs}/portabilities", { params: { path: recipient }, body });
const first = requested.data?.[0];
assert.equal(first?.state, "ASOL");
const repeated = await portability.POST("/v1/orgs/{orgs}/portabilities", { params: { path: recipient }, body });
assert.equal(repeated.response.status, 204);
const processId = first?.process_id ?? "";
const pending = await portability.GET("/v1/orgs/{orgs}/portabilities/pendingDonor", { params: { path: donor } });
assert.ok(pending.data?.some((one) => one.process_id === processId));
const answered = { params: { path: { ...donor, processId } } };
const accepted = await portability.POST("/v1/orgs/{orgs}/portabilities/{processId}/accept", answered);
assert.equal(accepted.response.status, 201);
const reopened = await portability.POST("/v1/orgs/{orgs}/portabilities/{processId}/restartReply", answered);
assert.equal(reopened.data?.[0]?.state, "ASOL");
const cancelled = await portability.POST("/v1/orgs/{orgs}/portabilities/{msisdn}/cancel", {
  params: { path: { ...recipient, msisdn: number } },
  body: { cause: "CANC_ABONA" },
});
assert.equal(cancelled.data?.[0]?.state, "ACAN");

// All of it can be read.
const detail = await portability.GET("/v1/orgs/{orgs}/portabilities/id/{id}", { params: { path: { ...recipient, id: first?.id ?? "" } } });
const events = detail.data?.portability_events.history.map((event) => event.message_type);
assert.deepEqual([events?.[0], events?.at(-1)], ["SOLICITUD_ALTA", "CANCELACION_ALTA"]);
assert.equal(detail.data?.subscriber?.account.document, "09288205T");
const listed = await portability.GET("/v1/orgs/{orgs}/portabilities", {
  params: { path: recipient, query: { filter: `process_id eq "${processId}" and state eq "ACAN"`, limit: 5 } },
});
assert.equal(listed.data?.length, 1);
const shared = await portability.GET("/v1/orgs/{orgs}/portabilities/processId/{processId}", answered);
assert.equal(shared.data?.length, 1);
const last = await portability.GET("/v1/orgs/{orgs}/portabilities/msisdn/{msisdn}/last", { params: { path: { ...recipient, msisdn: number } } });
assert.equal(last.data?.[0]?.cause_status, "CANC_ABONA");
const owner = await portability.GET("/v1/orgs/{orgs}/ownerOperator/{msisdn}", { params: { path: { ...recipient, msisdn: number } } });
assert.equal(owner.data?.involucradaProcesoPortabilidad, false);
const operators = await portability.GET("/v1/orgs/{orgs}/operator", { params: { path: recipient, query: { operator_code: "075" } } });
assert.deepEqual(operators.data?.map((one) => one.operator_code), ["075"]);

// The number is removed, and is not found any more.
const removed = await discovery.DELETE("/v2/orgs/{org}/msisdns/{msisdn}", numbered);
assert.equal(removed.response.status, 204);
const gone = await discovery.GET("/v2/msisdns/{msisdn}", { params: { path: { msisdn: number }, query: { embed: "tenant,imsis" } } });
assert.equal(gone.error?.status, 404);
