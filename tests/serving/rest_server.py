"""A small server that speaks TF Serving's JSON for one signature."""

import base64
import contextlib
import http.server
import json
import threading

MODEL = "/v1/models/network"


@contextlib.contextmanager
def serving(answer):
    """Serves a function from image bytes to PNG bytes.

    Of the function, a ValueError becomes status 400, and a ConnectionError closes the connection.

    Yields:
        The URL of the model.
    """

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):  # noqa: N802, the name that http.server calls
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path != f"{MODEL}:predict" or body["signature_name"] != "from_bytes":
                self._reply(404, {"error": "Servable not found"})
                return
            try:
                found = [answer(base64.b64decode(item["b64"])) for item in body["instances"]]
            except ConnectionError:
                self.close_connection = True
            except ValueError as error:
                self._reply(400, {"error": str(error)})
            else:
                encoded = [{"b64": base64.b64encode(png).decode()} for png in found]
                self._reply(200, {"predictions": encoded})

        def _reply(self, status, message):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(message).encode())

        def log_message(self, *arguments):
            """Says nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{MODEL}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
