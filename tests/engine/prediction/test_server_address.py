"""An address of a model is read into its parts, and nothing secret in it is shown."""

import base64

import pytest

from deeplab_nas.engine.configs.predict import PredictConfig
from deeplab_nas.engine.prediction import server_address
from deeplab_nas.errors import UserError


@pytest.mark.parametrize(
    ("url", "secure", "host", "port", "path", "shown"),
    [
        ("http://localhost:8501/v1/models/a", False, "localhost", 8501, "/v1/models/a", None),
        ("http://h/v1/models/a/", False, "h", 80, "/v1/models/a", "http://h/v1/models/a"),
        ("HTTPS://Host.example/a", True, "host.example", 443, "/a", "https://host.example/a"),
        ("http://[::1]:8501/a/versions/3", False, "::1", 8501, "/a/versions/3", None),
        ("https://me:s%40cret@h:9/a", True, "h", 9, "/a", "https://h:9/a"),
        ("https://me:s@cret@h:9/a", True, "h", 9, "/a", "https://h:9/a"),
    ],
)
def test_addresses(url, secure, host, port, path, shown):
    found = server_address.parse(url)
    assert found[:4] == (secure, host, port, path)
    assert found.shown == (shown or url)


def test_who_asks_is_a_header():
    sent = server_address.parse("https://m%C3%A9:s%40cret@h/a").authorization
    assert base64.b64decode(sent.removeprefix("Basic ")).decode() == "mé:s@cret"
    assert server_address.parse("https://me@h/a").authorization.startswith("Basic ")
    assert server_address.parse("https://h/a").authorization == ""


@pytest.mark.parametrize(
    "url",
    [
        *("no url", "localhost:8501/v1/models/a", "//h/a", "ftp://h/a", "file:///etc/passwd"),
        *("http://", "http:///a", "http://h", "http://h/", "http://:80/a", "http://h:x/a"),
        *(
            "http://h:0/a",
            "http://h:99999/a",
            "http://[::1/a",
            "http://h/a b",
            "http://h/a\r\nX: y",
        ),
        *(
            "http://h/a?key=secret",
            "http://h/a#b",
            "http://h/a?",
            "http://h/\x1b[31m",
            "http://h/ä",
        ),
        *(
            "https://me:secret@h:x/a",
            "me:secret@h",
            "http://me:secret@/a",
            "http://me:se/cret@h/?a",
        ),
    ],
)
def test_another_form_is_refused_before_anything_is_read(url):
    with pytest.raises(UserError, match="Expected a server at an address such as http") as error:
        PredictConfig(("images",), "out", server=url)
    sentence = str(error.value)
    assert "secret" not in sentence and "cret" not in sentence.replace("secret", "")
    assert sentence.isprintable() and sentence.count("\n") == 0
