"""Replays every published curl as it stands and compares the answers with the published samples.

Host, token and placeholders are filled in, nothing else: what is printed here is what curl is given.
"""

import json
import os
import pathlib
import re
import subprocess

from api import TOKEN, URL, Checks, call, porting

PUBLISHED = pathlib.Path(__file__).with_name("published")
# Behind a curl stands, on the same line, the title of the next operation: it is no part of it.
CURL = re.compile(r"curl -X ([A-Z]+) 'https://[^/']+([^']*)'(?: *\\\n(?:-H|--data-raw) '[^']*')*")
# Members that are ours, besides the published ones.
OURS = {"history"}

checks = Checks()


def operations(name):
    """Every operation of a page: its method, its path, its curl, and the sample of its good answer, or None."""
    text = (PUBLISHED / name).read_text()
    start = 0
    for found in CURL.finditer(text):
        page = text[start : found.start()]
        sample = re.search(r"^OK .*\n(?=[\[{])", page, re.M)
        sample = json.JSONDecoder().raw_decode(page, sample.end())[0] if sample else None
        yield found[1], found[2], found[0], sample
        start = found.end()


def run(curl, **placeholders):
    """What curl answers: the status and the body."""
    curl = re.sub(r"https://[^/']+", URL, curl, count=1).replace("{access-token}", TOKEN)
    for name, value in placeholders.items():
        curl = curl.replace(f":{name}", value)
    # The curls of the Portability API show no token, although its pages list 401.
    if "Authorization" not in curl:
        curl += f" -H 'Authorization: Bearer {TOKEN}'"
    curl += " --silent --write-out '\\n%{http_code}'"
    answer = subprocess.run(["bash", "-c", curl], capture_output=True, text=True, check=True, env={**os.environ, "no_proxy": "*"})
    body, _, status = answer.stdout.rpartition("\n")
    return int(status), json.loads(body) if body else None


def merged(items):
    """The members that the items have between them: what is absent is left out of an answer, and no single one has everything."""
    together = {}
    for item in items:
        together.update(item)
    return together


def differences(answer, sample, where="answer"):
    """Says where members or types are not those of the sample."""
    if sample is None:
        return [] if answer is None or isinstance(answer, str) else [f"{where} is {answer!r}"]
    if type(answer) is not type(sample):
        return [f"{where} is {type(answer).__name__}, not {type(sample).__name__}"]
    if isinstance(sample, dict):
        found = [f"{where} has no {name}" for name in sample.keys() - answer.keys()]
        found += [f"{where} has {name}" for name in answer.keys() - sample.keys() - OURS]
        for name in sample.keys() & answer.keys():
            found += differences(answer[name], sample[name], f"{where}.{name}")
        return found
    if isinstance(sample, list) and answer and isinstance(answer[0], dict):
        return differences(merged(answer), sample[0], f"{where}[]")
    if isinstance(sample, list):
        return [one for item in answer for one in differences(item, sample[0], f"{where}[]")]
    return []


def prepare():
    """Portings for the placeholders: one that yoigo, its donor, has refused, and three that await its answer."""
    processes = {}
    for place in range(1, 5):
        number = f"66677790{place}"
        call("POST", f"/v2/orgs/yoigo/msisdns/{number}", {"imsi": f"21404900009990{place}"})
        answer = call("POST", "/v1/orgs/masmovil/portabilities", porting(number, f"00590284{place:03}"))
        assert answer.status == 201, answer.text
        processes[number] = answer.json[0]
    refused = processes["666777901"]
    answer = call("POST", f"/v1/orgs/yoigo/portabilities/{refused['process_id']}/deny", {"cause": "RECH_IDENT"})
    assert answer.status == 201, answer.text
    return {number: {"id": one["id"], "processId": one["process_id"], "msisdn": number} for number, one in processes.items()}


def expect(title, curl, statuses, sample, **placeholders):
    """Runs a curl as often as there are statuses; the last answer is compared with the sample."""
    for status in statuses:
        got, body = run(curl, **placeholders)
        if not checks.that(got == status, title, f"{got}, not {status}: {body}"):
            return
        if got >= 400:
            envelope = {"componentMsg": "", "id": "", "msg": "", "sentryCode": "", "status": 0}
            wrong = differences(body, envelope)
            checks.that(not wrong, f"{title} {got}", "; ".join(wrong))
    if sample is not None:
        wrong = differences(body, sample)
        checks.that(not wrong, f"{title}: the published sample", "; ".join(wrong))


def main():
    found = list(operations("discovery-v2.txt")) + list(operations("portability-v1.txt"))
    checks.that(len(found) == 20, "the pages", f"{len(found)} curls")
    prepared = prepare()
    refused, *waiting = prepared.values()
    # The statuses of a fresh demo world, by what stands behind the org in the path. What reads comes before what changes.
    story = {
        "GET /v2/msisdns": ([200], {}),
        "GET /v2/imsis": ([200], {}),
        "GET /v2/operatorToken": ([200], {}),
        "POST /v2": ([409], {}),
        "PUT /v2": ([204], {}),
        "PATCH /v2": ([204], {}),
        "DELETE /v2": ([204, 404], {}),
        "GET portabilities": ([200], {}),
        "GET portabilities/processId/:processId": ([200], refused),
        "GET portabilities/msisdn/:msisdn": ([200], refused),
        "GET portabilities/msisdn/:msisdn/last": ([200], refused),
        "GET portabilities/id/:id": ([200], refused),
        "GET portabilities/pendingDonor": ([200], {"orgs": "yoigo"}),
        "GET operator": ([200], {}),
        "GET ownerOperator/:msisdn": ([200], waiting[0]),
        "POST portabilities": ([201, 204], {}),
        "POST portabilities/:processId/accept": ([201, 204], {**waiting[0], "orgs": "yoigo"}),
        # As it stands, its cause is the word `string`.
        "POST portabilities/:processId/deny": ([400], {**waiting[1], "orgs": "yoigo"}),
        "POST portabilities/:processId/restartReply": ([201, 204], {**waiting[0], "orgs": "yoigo"}),
        "POST portabilities/:msisdn/cancel": ([400], waiting[2]),
    }
    for method, path, curl, sample in sorted(found, key=lambda one: one[0] != "GET"):
        path = path.split("?")[0]
        key = f"{method} {path.removeprefix('/v1/orgs/:orgs/')}"
        if path.startswith("/v2"):
            key = f"{method} /v2" if method != "GET" else f"GET {'/'.join(path.split('/')[:3])}"
        statuses, placeholders = story.pop(key)
        placeholders = {"orgs": "masmovil", **placeholders}
        if key == "GET operator":
            sample = sample[0]  # the sample's second pair of brackets is taken for an artefact
        if key.endswith("pendingDonor"):
            # An answer that is due has no cause yet, and the recipient's reference is the recipient's alone.
            sample = [{name: value for name, value in sample[0].items() if name not in ("cause_status", "external_reference")}]
        if key == "GET /v2/msisdns":
            numbers = {"msisdn": "+34666777888"}
            checks.that(run(curl)[1]["msisdn"] == numbers["msisdn"], key, "the prefix is not preserved")
        expect(key, curl, statuses, sample, **placeholders)
        for name, cause in (("deny", "RECH_IDENT"), ("cancel", "CANC_ABONA")):
            if path.endswith(name):
                expect(f"{key} with a cause", curl.replace('"string"', f'"{cause}"'), [201, 204], None, **placeholders)
        if path.startswith("/v2") and method == "DELETE":
            post = next(one[2] for one in found if one[0] == "POST")
            expect("POST /v2 after the DELETE", post, [201], None)
    checks.that(not story, "the pages", f"no curl for {', '.join(story)}")
    print(f"{len(found)} curls")
    checks.end()


main()
