"""Says in words what would break a client between two versions of a document.

`breaking.py OLD NEW` compares two files. Without arguments: the committed documents with those that the program generates now,
and a document broken on purpose in every way, each of which must be found.

Broken is what a client that was written from the old document, and ignores members it does not know, can no longer do or read:
a removed operation, status of success, member or parameter; a changed type; a narrowed or a widened vocabulary, by the
direction in which it travels; what has become required of a request or optional in an answer.
"""

import copy
import json
import os
import pathlib
import subprocess
import sys

METHODS = ("get", "put", "post", "delete", "patch")


def resolved(document, node):
    """What a reference stands for."""
    while isinstance(node, dict) and "$ref" in node:
        target = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def types(schema):
    found = schema.get("type", [])
    return {found} if isinstance(found, str) else set(found)


def alternatives(document, schema):
    """A schema with null among its alternatives, as one without and whether null is allowed."""
    schema = resolved(document, schema)
    options = [resolved(document, option) for option in schema.get("oneOf", schema.get("anyOf", []))]
    others = [option for option in options if option.get("type") != "null"]
    if len(others) == 1:
        return others[0], len(others) < len(options)
    return schema, "null" in types(schema)


class Comparison:
    """The differences that break a client."""

    def __init__(self, old, new):
        self.old, self.new = old, new
        self.found = []
        self.seen = set()
        for path, operations in old["paths"].items():
            for method in METHODS:
                if method in operations:
                    self.operation(f"{method.upper()} {path}", operations[method], new["paths"].get(path, {}).get(method))

    def breaks(self, text):
        self.found.append(text)

    def operation(self, name, old, new):
        if new is None:
            return self.breaks(f"{name}: the operation is removed")
        if old.get("operationId") != new.get("operationId"):
            self.breaks(f"{name}: its id, a method's name in generated clients, is {new.get('operationId')}, was {old.get('operationId')}")
        if old.get("security") != new.get("security"):
            self.breaks(f"{name}: the scopes it needs are {new.get('security')}, were {old.get('security')}")
        self.parameters(name, old, new)
        self.body(name, old, new)
        for status, answer in old["responses"].items():
            if status not in new["responses"]:
                self.breaks(f"{name}: status {status} is removed")
                continue
            self.answer(f"{name} {status}", resolved(self.old, answer), resolved(self.new, new["responses"][status]))
        for status in new["responses"].keys() - old["responses"].keys():
            if status.startswith("2"):
                self.breaks(f"{name}: status {status} is new, a success that clients do not know")

    def parameters(self, name, old, new):
        def by_name(document, operation):
            listed = [resolved(document, parameter) for parameter in operation.get("parameters", [])]
            return {(parameter["in"], parameter["name"]): parameter for parameter in listed}

        before, after = by_name(self.old, old), by_name(self.new, new)
        for place, parameter in before.items():
            where = f"{name}: the {place[0]} parameter {place[1]}"
            if place not in after:
                self.breaks(f"{where} is removed")
                continue
            if after[place].get("required") and not parameter.get("required"):
                self.breaks(f"{where} is required now")
            self.schema(where, parameter["schema"], after[place]["schema"], sent=True)
        for place in after.keys() - before.keys():
            if after[place].get("required"):
                self.breaks(f"{name}: the {place[0]} parameter {place[1]} is new and required")

    def body(self, name, old, new):
        before, after = (resolved(document, one.get("requestBody", {})) for document, one in ((self.old, old), (self.new, new)))
        if after.get("required") and not before.get("required"):
            self.breaks(f"{name}: a body is required now")
        self.contents(f"{name}: the body", before, after, sent=True)

    def answer(self, name, old, new):
        for header in old.get("headers", {}).keys() - new.get("headers", {}).keys():
            self.breaks(f"{name}: the header {header} is removed")
        self.contents(name, old, new, sent=False)

    def contents(self, where, old, new, sent):
        for kind, content in old.get("content", {}).items():
            if kind not in new.get("content", {}):
                self.breaks(f"{where}: {kind} is removed")
            elif "schema" in content:
                self.schema(where, content["schema"], new["content"][kind]["schema"], sent)

    def schema(self, where, old, new, sent):
        """`sent` is true of what clients send, false of what they receive."""
        (old, nullable), (new, now_nullable) = alternatives(self.old, old), alternatives(self.new, new)
        key = (where.split(".")[0] if "." in where else where, id(old), id(new), sent)
        if key in self.seen:
            return
        self.seen.add(key)
        before, after = types(old) - {"null"}, types(new) - {"null"}
        if before != after:
            return self.breaks(f"{where} is {' or '.join(sorted(after))} now, was {' or '.join(sorted(before))}")
        if sent and nullable and not now_nullable:
            self.breaks(f"{where} may no longer be null")
        if not sent and now_nullable and not nullable:
            self.breaks(f"{where} may be null now")
        self.words(where, old, new, sent)
        self.bounds(where, old, new, sent)
        self.members(where, old, new, sent)
        if "items" in old and "items" in new:
            self.schema(f"{where}[]", old["items"], new["items"], sent)

    def words(self, where, old, new, sent):
        before, after = old.get("enum"), new.get("enum")
        if sent and after is not None:
            gone = ["anything else"] if before is None else [word for word in before if word not in after]
            if gone:
                self.breaks(f"{where} no longer takes {', '.join(map(str, gone))}")
        if not sent and before is not None:
            added = ["anything"] if after is None else [word for word in after if word not in before]
            if added:
                self.breaks(f"{where} may be {', '.join(map(str, added))} now, which clients do not know")

    def bounds(self, where, old, new, sent):
        if not sent:
            return
        for bound, narrower in (
            ("maxLength", lambda b, a: a < b), ("maximum", lambda b, a: a < b), ("maxItems", lambda b, a: a < b),
            ("minLength", lambda b, a: a > b), ("minimum", lambda b, a: a > b), ("minItems", lambda b, a: a > b),
            ("minProperties", lambda b, a: a > b), ("pattern", lambda b, a: a != b), ("format", lambda b, a: a != b),
        ):
            before, after = old.get(bound), new.get(bound)
            if after is not None and (before is None or narrower(before, after)):
                self.breaks(f"{where}: {bound} is {after} now, was {'free' if before is None else before}")

    def members(self, where, old, new, sent):
        before, after = old.get("properties", {}), new.get("properties", {})
        for name, schema in before.items():
            member = f"{where}.{name}" if " the body" in where or "." in where else f"{where}: .{name}"
            if name not in after:
                self.breaks(f"{member} is removed")
            else:
                self.schema(member, schema, after[name], sent)
        required, now_required = set(old.get("required", [])), set(new.get("required", []))
        changed = now_required - required if sent else (required - now_required) & after.keys()
        for name in sorted(changed):
            self.breaks(f"{where}: {name} is {'required now' if sent else 'no longer always there'}")


def breakage(old, new):
    """What would break a client of `old`, in words."""
    return Comparison(old, new).found


# Ways to break a document, and what must be said of each.
def _remove_operation(document):
    del document["paths"]["/v1/orgs/{orgs}/portabilities/pendingDonor"]


def _operation(document, method="post", path="/v1/orgs/{orgs}/portabilities"):
    return document["paths"][path][method]


def _schema(document, name):
    return document["components"]["schemas"][name]


BROKEN = {
    "the operation is removed": _remove_operation,
    "its id": lambda d: _operation(d).update(operationId="other"),
    "the scopes it needs": lambda d: _operation(d).update(security=[{"bearer": ["mock"]}]),
    "status 409 is removed": lambda d: _operation(d, path="/v1/orgs/{orgs}/portabilities/{processId}/accept")["responses"].pop("409"),
    "status 202 is new": lambda d: _operation(d)["responses"].update({"202": {"description": "later"}}),
    "parameter filter is removed": lambda d: _operation(d, "get")["parameters"].pop(1),
    "parameter limit is required now": lambda d: _operation(d, "get")["parameters"][2].update(required=True),
    "is new and required": lambda d: _operation(d, "get")["parameters"].append({"in": "query", "name": "x", "required": True, "schema": {}}),
    "the header Location is removed": lambda d: _operation(d)["responses"]["201"].pop("headers"),
    "application/json is removed": lambda d: _operation(d)["responses"]["201"].pop("content"),
    ".donor_operator is removed": lambda d: _schema(d, "PortabilityInfo")["properties"].pop("donor_operator"),
    "state is no longer always there": lambda d: _schema(d, "PortabilityInfo")["required"].remove("state"),
    "subscriber is required now": lambda d: _schema(d, "PortabilityBody")["required"].append("subscriber"),
    "no longer takes CANC_ABONA": lambda d: _schema(d, "CancelCauseName")["enum"].remove("CANC_ABONA"),
    "may be LOST now": lambda d: _schema(d, "StateName")["enum"].append("LOST"),
    "is integer now, was string": lambda d: _schema(d, "PortabilityInfo")["properties"]["tenant"].update(type="integer"),
    "maxLength is 10 now": lambda d: _schema(d, "PortabilityBody")["properties"]["external_reference"].update(maxLength=10),
    "may no longer be null": lambda d: _schema(d, "PortabilityBody")["properties"]["external_reference"].update(type="string"),
}


def main():
    if len(sys.argv) == 3:
        found = breakage(*(json.loads(pathlib.Path(path).read_text()) for path in sys.argv[1:]))
        print("\n".join(found) or "nothing that would break a client")
        sys.exit(bool(found))
    passed = failed = 0
    for name, file in (("discovery", "discovery-v2.json"), ("portability", "portability-v1.json")):
        committed = json.loads(pathlib.Path("openapi", file).read_text())
        generated = json.loads(subprocess.run([os.environ["PORTERO"], "openapi", name], capture_output=True, check=True).stdout)
        found = breakage(committed, generated)
        print("\n".join(f"FAIL  {file}: {text}" for text in found) or f"{file}: nothing that would break a client")
        if found:
            print("      if that is intended: portero openapi --write, and commit openapi/")
        passed, failed = passed + (not found), failed + bool(found)
    for text, damage in BROKEN.items():
        broken = copy.deepcopy(committed)
        damage(broken)
        found = breakage(committed, broken)
        hit = any(text in one for one in found) and not breakage(committed, committed)
        passed, failed = passed + hit, failed + (not hit)
        if not hit:
            print(f"FAIL  a document broken on purpose ({text}): {found or 'nothing found'}")
    print(f"{len(BROKEN)} ways to break a document, each told")
    print(f"{passed} passed, {failed} failed")


main()
