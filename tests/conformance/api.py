"""The server under test, as `scripts/conformance` has started it: requests, and counted checks."""

import json
import os
import urllib.error
import urllib.request

URL = os.environ["URL"]
TOKEN = os.environ["TOKEN"]

# The published request, for a number that yoigo holds: a porting between two orgs of one operator is open at any hour.
SUBSCRIBER = {
    "addresses": [
        {
            "address": "Calle Leonardo Prieto, 8",
            "city": "Madrid",
            "country": "Spain",
            "postal_code": "28040",
            "province": "Madrid",
            "type": "CONTACT",
        }
    ],
    "document": "09288205T",
    "document_type": "NIF",
    "id": None,
    "email": None,
    "msisdn": {"country_code": "34", "number": "634443633"},
    "name": "Martina",
    "nationality": "España",
    "second_name": None,
    "surname": "Fraile Méndez",
}


class Answer:
    """An answer: its status, its headers, and what its body says as JSON, or None."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.text = body.decode(errors="replace")
        is_json = headers.get("Content-Type", "").startswith("application/json")
        self.json = json.loads(body) if body and is_json else None


def call(method, path, body=None, token=TOKEN, headers=()):
    """Asks the server; `body` is sent as JSON, or as it is where it is bytes."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data, dict(headers), method=method)
    if data is not None and "Content-type" not in request.headers:
        request.add_header("Content-Type", "application/json")
    if token is not None:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as answer:
        return Answer(answer.code, answer.headers, answer.read())


def porting(number, contract_code):
    """The body of a request for one number, for masmovil."""
    bound = {"msisdn": {"country_code": "34", "number": number}, "icc_id": "8934221507160508791"}
    return {
        "access_type": "INDIVIDUAL",
        "contract_code": contract_code,
        "external_reference": f"PORTIN_{number}",
        "msisdn_ranges": [{"initial_range": bound, "end_range": bound}],
        "nrn_receptor": "741111",
        "recipient_operator": None,
        "subscriber": SUBSCRIBER,
        "subscriber_request_date": "2022-02-24T13:45:10Z",
        "window_date": None,
    }


class Checks:
    """Counts what holds and tells what does not."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def that(self, holds, name, why=""):
        """One check."""
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAIL  {name}: {why}")
        return holds

    def end(self):
        """The line that `scripts/conformance` reads."""
        print(f"{self.passed} passed, {self.failed} failed")
