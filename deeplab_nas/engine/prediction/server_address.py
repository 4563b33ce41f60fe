"""The address of a model that is served over HTTP, as a user gives it."""

import base64
import re
import urllib.parse
from typing import NamedTuple

from deeplab_nas.errors import UserError
from deeplab_nas.files.json_field import shown

EXAMPLE = "http://localhost:8501/v1/models/NAME"
_PRINTABLE = re.compile("[!-~]+")
_PORTS = {"http": 80, "https": 443}


class ServerAddress(NamedTuple):
    """Where a model is served.

    Attributes:
        secure: Whether it is asked over TLS.
        host: Name or number of the machine.
        port: Of the server.
        path: Of the model there, without a slash at its end.
        authorization: The header that says who asks; empty where nobody is named.
        shown: The address for messages: nothing in it is secret.
    """

    secure: bool
    host: str
    port: int
    path: str
    authorization: str
    shown: str


def parse(url: str) -> ServerAddress:
    """Reads an address such as `EXAMPLE`.

    Args:
        url: Of http or https; it may begin with `name:password@`.

    Returns:
        Its parts.

    Raises:
        UserError: It is something else.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _refusal(url) from error
    path = parts.path.rstrip("/")
    # Nothing can follow the path, to which `:predict` is added.
    behind = parts.query or parts.fragment or url.endswith(("?", "#"))
    if not (_PRINTABLE.fullmatch(url) and parts.scheme in _PORTS and host and path) or behind:
        raise _refusal(url)
    if port == 0:
        raise _refusal(url)
    place = f"[{host}]" if ":" in host else host
    numbered = "" if port is None else f":{port}"
    authorization = ""
    if parts.username is not None:
        who = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        authorization = f"Basic {base64.b64encode(who.encode()).decode()}"
    return ServerAddress(
        secure=parts.scheme == "https",
        host=host,
        port=port or _PORTS[parts.scheme],
        path=path,
        authorization=authorization,
        shown=f"{parts.scheme}://{place}{numbered}{path}",
    )


def _refusal(url: str) -> UserError:
    # What stands before the last @ may be a password, and what follows a question mark a key.
    before, _, behind = url.rpartition("@")
    scheme = before.partition("//")[0] + "//" if "//" in before else ""
    found = (scheme + behind).partition("?")[0]
    return UserError(
        f"Expected a server at an address such as {EXAMPLE}, found {shown(found)}: give --server "
        "http or https, a host and the path of a model, and nothing behind it."
    )
