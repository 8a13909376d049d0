"""Compares the server's judgement of documents, SIMs and numbers with that of python-stdnum and phonenumbers.

Every value is generated, and most are then mutated, so that about half are wrong. The server is asked over HTTP. Where it
differs from the other, there must be a reason below that covers the value.
"""

import http.client
import json
import random
import re
import urllib.parse

import phonenumbers
from stdnum import imsi, luhn
from stdnum.es import cif, dni, nie, nif

from api import TOKEN, URL, Checks, porting

EACH = 2000
SEED = 20260214
COMPANIES = "ABCDEFGHJNPQRSUVW"

checks = Checks()
random = random.Random(SEED)
server = http.client.HTTPConnection(urllib.parse.urlsplit(URL).netloc)


def ask(method, path, body=None):
    """The status and the JSON of an answer, over one connection."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    server.request(method, path, body and json.dumps(body), headers)
    answer = server.getresponse()
    text = answer.read()
    return answer.status, json.loads(text)


def digits(count):
    return "".join(random.choices("0123456789", k=count))


def mutated(text):
    """The text with one character changed, left out, put in or swapped; or with blanks, dashes or small letters; or as it is."""
    place = random.randrange(len(text))
    other = random.choice("0123456789ABCKLMTXYZ")
    return random.choice([
        lambda: text,
        lambda: text,
        lambda: text[:place] + other + text[place + 1 :],
        lambda: text[:place] + random.choice("0123456789") + text[place + 1 :],
        lambda: text[:place] + text[place + 1 :],
        lambda: text[:place] + other + text[place:],
        lambda: text[:place] + text[place : place + 2][::-1] + text[place + 2 :],
        lambda: text[:place] + random.choice(" -./") + text[place:],
        lambda: text.lower(),
        lambda: "ES" + text,
    ])()


def compare(kind, values, accepted, expected, reasons=()):
    """Compares the server's `accepted` with the other's `expected` for every value. A reason is (text, predicate)."""
    agree, explained, right = 0, {}, 0
    for value in values:
        ours, theirs = accepted(value), expected(value)
        right += theirs
        reason = next((text for text, holds in reasons if holds(value)), None) if ours != theirs else None
        if ours == theirs:
            agree += 1
        elif reason:
            explained.setdefault(reason, []).append(value)
        else:
            checks.that(False, kind, f"{value!r} is {'accepted' if ours else 'refused'} here")
    checks.that(0 < right < len(values), kind, "valid and invalid values are wanted")
    print(f"{kind}: {len(values)} values, {right} of them valid, {agree} judged alike, {sum(map(len, explained.values()))} differently:")
    for reason, differing in explained.items():
        print(f"    {len(differing)} {reason}, such as {differing[0]!r}")
    checks.passed += agree


def document_accepted(kind):
    """Asks with a request that is refused in any case, for its NRN: nothing is stored."""

    def accepted(document):
        body = porting("634443633", "00528902840") | {"nrn_receptor": "-"}
        body["subscriber"] = body["subscriber"] | {"document": document, "document_type": kind}
        status, answer = ask("POST", "/v1/orgs/masmovil/portabilities", body)
        assert status == 400 and "'NrnReceptor'" in answer["componentMsg"], answer
        return "'Subscriber.Document'" not in answer["componentMsg"]

    return accepted


def documents():
    def person():
        number = digits(8)
        return random.choice([number + dni.calc_check_digit(number), number + random.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ")])

    def special():
        number = digits(7)
        return random.choice("KLM") + number + dni.calc_check_digit(number)

    def foreigner():
        number = random.choice("XYZ") + digits(7)
        return number + nie.calc_check_digit(number)

    def company():
        number = random.choice(COMPANIES) + digits(7)
        return number + random.choice(cif.calc_check_digits(number))

    def is_person(text):
        # Its `nif` is any tax number; the Node's NIF is a person's without NIE.
        return nif.is_valid(text) and not nie.is_valid(text) and not cif.is_valid(text)

    prefix = ("with the prefix of a VAT number, which a document has not", lambda text: nif.compact(text) != dni.compact(text))
    compare("NIF", [mutated(random.choice([person, person, special, foreigner])()) for _ in range(EACH)], document_accepted("NIF"), is_person, [prefix])
    compare("NIE", [mutated(random.choice([foreigner, foreigner, person])()) for _ in range(EACH)], document_accepted("NIE"), nie.is_valid)
    compare("CIF", [mutated(random.choice([company, company, special])()) for _ in range(EACH)], document_accepted("CIF"), cif.is_valid)


def sims():
    def number():
        mcc = random.choice(["21403", "21404", "21407", "21421", "20801", "31026", "99999", "00101", digits(5)])
        return mcc + digits(random.choice([8, 9, 9, 10, 10, 10, 11, 12]))

    def accepted(text):
        return ask("GET", f"/v2/imsis/{urllib.parse.quote(text, safe='')}")[0] != 400

    compare("IMSI", [mutated(number()) for _ in range(EACH)], accepted, imsi.is_valid, [
        ("of 16 digits: a published sample has them", lambda text: re.fullmatch("[0-9]{16}", text)),
        ("with blanks or dashes, which no machine writes", lambda text: re.search("[ -]", text)),
        ("of no known country or network: an inventory is no numbering plan", lambda text: re.fullmatch("[0-9]{14,15}", text)),
    ])

    def card():
        number = random.choice(["8934", "8934", "8944", "8834"]) + digits(14)
        return number + luhn.calc_check_digit(number) + random.choice(["", "", "", "F", "5"])

    def cards_accepted(texts):
        """A hundred at once: each range's end is refused where its card is."""
        accepted = {}
        for start in range(0, len(texts), 100):
            batch = texts[start : start + 100]
            body = porting("634443633", "00528902840") | {"nrn_receptor": "-", "access_type": "MULTIPLE", "msisdn_ranges": []}
            for place, text in enumerate(batch):
                bound = {"msisdn": {"country_code": "34", "number": str(634443000 + place)}, "icc_id": text}
                body["msisdn_ranges"].append({"initial_range": bound, "end_range": bound})
            status, answer = ask("POST", "/v1/orgs/masmovil/portabilities", body)
            assert status == 400 and "'NrnReceptor'" in answer["componentMsg"], answer
            for place, text in enumerate(batch):
                accepted[text] = f"'MsisdnRanges[{place}].InitialRange.IccId'" not in answer["componentMsg"]
        return accepted

    cards = [mutated(card()) for _ in range(EACH)]
    compare("ICCID", cards, cards_accepted(cards).get, lambda text: text.startswith("89") and len(text) in (18, 19) and luhn.is_valid(text), [
        ("of 20 characters: the last one, printed on cards, is cut off",
         lambda text: len(text) == 20 and text[19] in "0123456789Ff" and luhn.is_valid(text[:19])),
        ("of 20 digits that are wrong without the last one", lambda text: len(text) == 20 and not luhn.is_valid(text[:19])),
        ("of 18 digits: the Node takes 19", lambda text: len(text) == 18),
    ])


def numbers():
    def number():
        first = random.choice(["6", "6", "6", "7", "71", "72", "9", "8", "5", digits(1)])
        return random.choice(["", "", "34", "+34", "0034", "+33", "034"]) + first + digits(9 - len(first))

    def accepted(text):
        return ask("GET", f"/v1/orgs/masmovil/ownerOperator/{urllib.parse.quote(text, safe='')}")[0] != 400

    def expected(text):
        try:
            parsed = phonenumbers.parse(text, "ES")
        except phonenumbers.NumberParseException:
            return False
        mobile = phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.MOBILE
        return parsed.country_code == 34 and phonenumbers.is_valid_number(parsed) and mobile

    compare("MSISDN", [mutated(number()) for _ in range(EACH)], accepted, expected, [
        ("of a block that is not given out or not for telephones (70, 75 to 77, 79): the Node takes any 9 digits",
         lambda text: re.fullmatch(r"(\+34|0034|34)?7[0-9]{8}", text)),
        ("with separators, or letters of a keypad, which people write", lambda text: not re.fullmatch(r"\+?[0-9]+", text)),
        ("of the few mobile blocks that begin with 9: no mobile operator here has them", lambda text: re.fullmatch(r"(\+34|0034|34)?9[0-9]{8}", text)),
    ])


documents()
sims()
numbers()
checks.end()
