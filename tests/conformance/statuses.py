"""A request, without `Prefer`, for every documented (operation, status): the table, executed.

`statuses.py STAGE` runs one stage and notes in the file $REACHED what it has reached: `running` on a fresh demo world, `500` once
every table has another name, `503` once the database is gone, `502` where the Entitlement Server is, `429` where a caller may ask once a second. `complete` compares all of
it with the documents.
"""

import json
import os
import pathlib
import subprocess
import sys

from api import Checks, call, porting

REACHED = pathlib.Path(os.environ["REACHED"])
METHODS = ("get", "put", "post", "delete", "patch")
checks = Checks()

LISTS = "/v1/orgs/masmovil/portabilities"
DONOR = "/v1/orgs/yoigo/portabilities"
# What each operation is asked with where the answer does not depend on it.
PLAIN = {
    "getMsisdn": ("GET", "/v2/msisdns/666777888", None),
    "getImsi": ("GET", "/v2/imsis/214040119172971", None),
    "getOperatorToken": ("GET", "/v2/operatorToken/abc123xyz456", None),
    "addMsisdn": ("POST", "/v2/orgs/masmovil/msisdns/666777940", {"imsi": "214049000099401"}),
    "swapSim": ("PUT", "/v2/orgs/masmovil/msisdns/666777888", {"imsi": "2140420422222227"}),
    "changeMsisdn": ("PATCH", "/v2/orgs/masmovil/msisdns/666777888", {"status": "OK"}),
    "deleteMsisdn": ("DELETE", "/v2/orgs/masmovil/msisdns/666777888", None),
    "getPortabilities": ("GET", LISTS, None),
    "getPortabilitiesByProcessId": ("GET", f"{LISTS}/processId/1", None),
    "getPortabilitiesByMsisdn": ("GET", f"{LISTS}/msisdn/634443633", None),
    "getLastPortability": ("GET", f"{LISTS}/msisdn/634443633/last", None),
    "getPortability": ("GET", f"{LISTS}/id/1", None),
    "getPendingDonor": ("GET", f"{LISTS}/pendingDonor", None),
    "getOperators": ("GET", "/v1/orgs/masmovil/operator", None),
    "getOwnerOperator": ("GET", "/v1/orgs/masmovil/ownerOperator/634443633", None),
    "createPortability": ("POST", LISTS, porting("634443633", "00528902840")),
    "acceptPortability": ("POST", f"{LISTS}/1/accept", None),
    "denyPortability": ("POST", f"{LISTS}/1/deny", {"cause": "RECH_IDENT"}),
    "restartReply": ("POST", f"{LISTS}/1/restartReply", None),
    "cancelPortability": ("POST", f"{LISTS}/634443633/cancel", {"cause": "CANC_ABONA"}),
}
# Objects that are not there; of the other operations, an org that is not there.
UNKNOWN = {
    "getMsisdn": "/v2/msisdns/666999999",
    "getImsi": "/v2/imsis/214049999999999",
    "getOperatorToken": "/v2/operatorToken/no-such-token",
}


def documented():
    """Every (operation, status) of the documents."""
    for file in ("discovery-v2.json", "portability-v1.json"):
        for operations in json.loads(pathlib.Path("openapi", file).read_text())["paths"].values():
            for method in METHODS:
                for status in operations.get(method, {}).get("responses", {}):
                    yield operations[method]["operationId"], int(status)


def expect(operation, status, method, path, body=None, **more):
    """One row of the table."""
    answer = call(method, path, body, **more)
    good = answer.status == status and (status < 400 or answer.json["status"] == status)
    if checks.that(good, f"{operation} {status}", f"{method} {path} is {answer.status}: {answer.text}"):
        with REACHED.open("a") as file:
            print(operation, status, file=file)
    return answer


def failing(status):
    """What any operation answers in this state of the server."""
    for operation, request in PLAIN.items():
        expect(operation, status, *request)


def refusals():
    """What any operation refuses, whatever is stored."""
    scopeless = subprocess.run([os.environ["PORTERO"], "token", "--org", "*", "--scope", "mock"], capture_output=True, text=True, check=True)
    statuses = set(documented())
    for operation, (method, path, body) in PLAIN.items():
        expect(operation, 401, method, path, body, token=None)
        expect(operation, 403, method, path, body, token=scopeless.stdout.strip())
        if (operation, 413) in statuses:
            expect(operation, 413, method, path, b" " * (1 << 20) + b"{}")
            expect(operation, 415, method, path, b"{}", headers={"Content-type": "text/plain"})
        expect(operation, 404, method, UNKNOWN.get(operation) or path.replace("/masmovil/", "/nobody/"), body)


def malformed():
    """400: a body or a parameter that breaks a rule of its form."""
    for operation, (method, path, body) in PLAIN.items():
        if body is not None:
            expect(operation, 400, method, path, {})
    for operation, path in {
        "getMsisdn": "/v2/msisdns/1",
        "getImsi": "/v2/imsis/1",
        "getOperatorToken": "/v2/operatorToken/1",
        "getPortabilities": f"{LISTS}?filter=state",
        "getPortabilitiesByProcessId": f"{LISTS}/processId/1?filter=state",
        "getPortabilitiesByMsisdn": f"{LISTS}/msisdn/1",
        "getLastPortability": f"{LISTS}/msisdn/1/last",
        "getPortability": f"{LISTS}/id/%00",
        "getPendingDonor": "/v1/orgs/%FF/portabilities/pendingDonor",
        "getOperators": "/v1/orgs/masmovil/operator?status=BAJA",
        "getOwnerOperator": "/v1/orgs/masmovil/ownerOperator/1",
    }.items():
        expect(operation, 400, "GET", path)
    expect("deleteMsisdn", 400, "DELETE", "/v2/orgs/masmovil/msisdns/1")
    expect("acceptPortability", 400, "POST", f"{LISTS}/%00/accept")
    expect("restartReply", 400, "POST", f"{LISTS}/%00/restartReply")


def inventory():
    """A number's life, in the order in which the answers depend on one another."""
    number, sim = "/v2/orgs/yoigo/msisdns/666777941", {"imsi": "214049000099411"}
    other = {"imsi": "2140420422222227"}
    expect("addMsisdn", 201, "POST", number, sim)
    expect("addMsisdn", 409, "POST", number, sim)
    expect("swapSim", 204, "PUT", number, {"imsi": "214049000099412"})
    expect("swapSim", 409, "PUT", number, other)
    expect("changeMsisdn", 204, "PATCH", number, {"status": "Deleted"})
    expect("changeMsisdn", 409, "PATCH", number, {"status": "Migrated"})
    expect("changeMsisdn", 204, "PATCH", number, {"status": "OK"})
    expect("getMsisdn", 200, "GET", "/v2/msisdns/666777941")
    expect("getImsi", 200, "GET", "/v2/imsis/214049000099411")
    expect("getOperatorToken", 200, *PLAIN["getOperatorToken"])


def portings():
    """Two portings of yoigo's numbers: one that is answered, one that is cancelled."""
    call("POST", "/v2/orgs/yoigo/msisdns/666777942", {"imsi": "214049000099421"})
    answered, cancelled = porting("666777941", "00500009941"), porting("666777942", "00500009942")
    created = expect("createPortability", 201, "POST", LISTS, answered).json[0]
    expect("createPortability", 204, "POST", LISTS, answered)
    call("POST", LISTS, cancelled)
    process = created["process_id"]
    for operation, path in {
        "getPortabilities": "?limit=1",
        "getPortabilitiesByProcessId": f"/processId/{process}",
        "getPortabilitiesByMsisdn": "/msisdn/666777941",
        "getLastPortability": "/msisdn/666777941/last",
        "getPortability": f"/id/{created['id']}",
        "getPendingDonor": "/pendingDonor",
    }.items():
        expect(operation, 200, "GET", LISTS + path)
    expect("getOperators", 200, *PLAIN["getOperators"])
    expect("getOwnerOperator", 200, *PLAIN["getOwnerOperator"])
    restart = ("restartReply", f"{DONOR}/{process}/restartReply")
    for operation, status, path, body in (
        (restart[0], 204, restart[1], None),
        ("acceptPortability", 201, f"{DONOR}/{process}/accept", None),
        ("acceptPortability", 204, f"{DONOR}/{process}/accept", None),
        ("denyPortability", 409, f"{DONOR}/{process}/deny", {"cause": "RECH_IDENT"}),
        (restart[0], 201, restart[1], None),
        ("denyPortability", 201, f"{DONOR}/{process}/deny", {"cause": "RECH_IDENT"}),
        ("denyPortability", 204, f"{DONOR}/{process}/deny", {"cause": "RECH_IDENT"}),
        ("acceptPortability", 409, f"{DONOR}/{process}/accept", None),
        ("cancelPortability", 201, f"{LISTS}/666777942/cancel", {"cause": "CANC_ABONA"}),
        ("cancelPortability", 204, f"{LISTS}/666777942/cancel", {"cause": "CANC_ABONA"}),
        ("cancelPortability", 409, f"{LISTS}/666777942/cancel", {"cause": "CANC_TECNI"}),
    ):
        expect(operation, status, "POST", path, body)
    process = call("GET", f"{LISTS}/msisdn/666777942/last").json[0]["process_id"]
    expect(restart[0], 409, "POST", f"{DONOR}/{process}/restartReply")
    expect("deleteMsisdn", 204, "DELETE", "/v2/orgs/yoigo/msisdns/666777941")


def complete():
    """Nothing documented is out of reach."""
    reached = {(operation, int(status)) for operation, status in map(str.split, REACHED.read_text().splitlines())}
    wanted = set(documented())
    for operation, status in sorted(wanted - reached):
        checks.that(False, f"{operation} {status}", "no request of the table reaches it")
    checks.that(not reached - wanted, "answers that no document has", reached - wanted)
    print(f"{len(wanted)} documented pairs of operation and status, {len(wanted & reached)} reached")


stage = sys.argv[1]
if stage == "running":
    for part in (refusals, malformed, inventory, portings):
        part()
elif stage == "502":
    expect("getOperatorToken", 502, *PLAIN["getOperatorToken"])
elif stage == "429":
    for operation, request in PLAIN.items():
        # One request a second is allowed, and this is it.
        call(*request)
        expect(operation, 429, *request)
elif stage == "complete":
    complete()
else:
    failing(int(stage))
checks.end()
