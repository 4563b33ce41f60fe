"""What is no JSON, or more than a reader bargained for, is refused in one sentence."""

import pytest

from deeplab_nas.errors import UserError
from deeplab_nas.files import json_field, untrusted_json


def parse(data, **options):
    return untrusted_json.parse(data, "a.json", 10_000, "mend it", **options)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", r"Expecting value: line 1 column 1 \(char 0\)"),
        (b"\xff{}", "not Unicode text"),
        ('"\ud800"', "not Unicode text"),
        (b'["\\ud800"]', "not Unicode text"),
        (b"[" * 9000, "nested too deeply"),
        (b"[" * 40 + b"]" * 40, "nested too deeply"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "nested too deeply"),
        (b"[NaN]", "NaN, which is no JSON number"),
        (b"[-Infinity]", "-Infinity, which is no JSON number"),
        (b"[1e999]", "a number out of range, '1e999'"),
        (b"9223372036854775808", "an integer of more than 64 bits, '9223372036854775808'"),
        (b"-9223372036854775808", "an integer of more than 64 bits"),
        (b"9" * 9000, r"an integer of more than 64 bits, '9+\.\.\.9+'"),
        (b'{"b": 0, "a": 1, "a": 1}', "the key 'a' twice in one object"),
        (b"{} {}", "Extra data"),
    ],
)
def test_what_does_not_parse_is_told(data, reason):
    sentence = rf"Expected JSON in a\.json, but it does not parse \({reason}.*\): mend it\.$"
    with pytest.raises(UserError, match=sentence):
        parse(data)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ('{"ä": [1, -2.5, true, null, "\\ud83d\\ude00"]}', {"ä": [1, -2.5, True, None, "😀"]}),
        (b"[" * 32 + b"]" * 32, None),
        (b"[" + b"[]," * 50 + b"0]", [[]] * 50 + [0]),
        (b"9223372036854775807", 2**63 - 1),
    ],
)
def test_what_parses_is_what_it_says(data, value):
    assert value is None or parse(data).value == value


def test_infinity_is_taken_where_it_may_be():
    assert parse(b"[Infinity, -Infinity]", infinite=True).value == [float("inf"), -float("inf")]
    with pytest.raises(UserError, match="NaN"):
        parse(b"[NaN]", infinite=True)


def test_a_large_file_is_not_read(tmp_path):
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        # A file of holes, which would fill the memory if it were read.
        file.truncate(2**40)
    sentence = rf"Expected at most 10000 bytes in .*large\.json, found {2**40}: mend it\.$"
    with pytest.raises(UserError, match=sentence):
        untrusted_json.load(path, 10_000, "mend it")
    with pytest.raises(UserError, match="Expected at most 10000 bytes in a.json, found 10001"):
        parse(b" " * 10_001)


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    for path in (tmp_path, tmp_path / "missing.json"):
        with pytest.raises(UserError, match=rf"Cannot read {path} \(.*\): mend it\.$"):
            untrusted_json.load(path, 10_000, "mend it")


@pytest.mark.parametrize(
    ("take", "told"),
    [
        (lambda field: field.member("b"), "an object with the key 'b' in a.json, found {'a'"),
        (lambda field: field.record(("b",)), "the keys b in a.json, but it lacks the key 'b'"),
        (lambda field: field.record(()), "has an unknown key 'a'"),
        (lambda field: field.member("a").record(("b",)), "a to be an object with the keys b in"),
        (lambda field: field.member("a").members(), "a to be an object in a.json, found"),
        (lambda field: field.items(), "an array in a.json, found {'a'"),
        (lambda field: field.member("a").items(3), r"a to be an array of 3 in a.json, found \["),
        (lambda field: field.member("a").scalar(), "a to be a string, a number, true, false or"),
        (lambda field: item(field, 0).integer(), r"a\[0\] to be an integer >= 0 in .* found -1"),
        (lambda field: item(field, 0).integer(0, 9), r"a\[0\] to be an integer in 0\.\.9 in"),
        (lambda field: item(field, 1).integer(), r"a\[1\] to be an integer >= 0 .* found True"),
        (lambda field: item(field, 2).integer(), r"a\[2\] to be an integer >= 0 .* found 1\.0"),
        (lambda field: item(field, 2).text(), r"a\[2\] to be a string in a.json, found 1\.0"),
        (lambda field: item(field, 3).line(), r"a\[3\] to be a string of one line .* 'b\\nc'"),
        (lambda field: item(field, 4).line(), r"a\[4\] to be a string of one line"),
        (lambda field: item(field, 5).member("k").line(), r"a\[5\]\.k to be a string of one"),
        (lambda field: item(field, 5).member("k\n").line(), r"a\[5\]\.'k\\n' to be a string of"),
    ],
)
def test_what_is_not_expected_is_told_with_its_place(take, told):
    document = parse('{"a": [-1, true, 1.0, "b\\nc", "b\\n", {"k": 0, "k\\n": 0}]}')
    with pytest.raises(UserError, match=f"Expected {told}|{told}") as error:
        take(document)
    (line,) = str(error.value).splitlines()
    assert line.startswith("Expected ")
    assert line.endswith(": mend it.")


def item(field, number):
    return list(field.member("a").items())[number]


@pytest.mark.parametrize(
    "value", ["x" * 10**6, [["x" * 10**6] * 10**3] * 10**3, {"x" * 10**6: 10**40}]
)
def test_what_is_shown_is_short(value):
    assert len(json_field.shown(value)) < 3000
