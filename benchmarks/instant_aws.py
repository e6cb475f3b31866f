"""DynamoDB and S3 as publishing sees them, answering at once, so that what is measured is the client.

The local cloud's DynamoDB is in Python too, and takes seconds for each page. Here a table's pages are made beforehand.
"""

import json
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

PAGE = 1_048_576  # bytes: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html


def item_size(item: Mapping[str, Any]) -> int:
    """Return the bytes that DynamoDB counts for an item.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name) + _size(value) for name, value in item.items())


def _size(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    if kind == "M":
        return 3 + len(content) + item_size(content)
    if kind == "L":
        return 3 + len(content) + sum(map(_size, content))
    return len(content.encode()) if kind == "S" else len(content) // 2 + 2


class InstantAws:
    """Serves one table's partition, which is only read; other items are put and got; S3 takes everything."""

    def __init__(self, items: Iterable[Mapping[str, Any]]) -> None:
        self.calls: Counter[str] = Counter()
        self.bodies: list[int] = []
        """The sizes of what was put into the bucket."""
        self.stored = 0
        """Bytes of the partition, as DynamoDB counts them."""
        self._first: dict[str, Any] = {}
        self._pages: dict[str, bytes] = {}
        self._cut(items)
        self.forget()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    @property
    def endpoint(self) -> str:
        """Return the URL of both services."""
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def pages(self) -> int:
        """Return in how many pages the partition is read."""
        return len(self._pages)

    def forget(self) -> None:
        """Forget what was put."""
        self._items, self.bodies = dict(self._first), []

    def dynamodb(self, operation: str, asked: dict[str, Any]) -> bytes:
        """Answer a call of DynamoDB's."""
        self.calls[f"dynamodb:{operation}"] += 1
        if operation == "Query":
            return self._pages[asked.get("ExclusiveStartKey", {}).get("sk", {}).get("S", "")]
        return json.dumps(self._one(operation, asked)).encode()

    def _one(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        match operation:
            case "PutItem":
                self._items[_key(asked["Item"])] = asked["Item"]
                return {}
            case "GetItem":
                item = self._items.get(_key(asked["Key"]))
                return {"Item": item} if item else {}
            case "BatchGetItem":
                ((table, wanted),) = asked["RequestItems"].items()
                found = (self._items.get(_key(key)) for key in wanted["Keys"])
                return {"Responses": {table: [item for item in found if item]}, "UnprocessedKeys": {}}
            case "UpdateItem":  # of a lease, which is always free here
                return {"Attributes": {"turn": {"N": "1"}}} if "ReturnValues" in asked else {}
            case _:
                raise NotImplementedError(operation)

    def _cut(self, items: Iterable[Mapping[str, Any]]) -> None:
        page: list[Mapping[str, Any]] = []
        start, size = "", 0
        for item in sorted(items, key=lambda item: str(item["sk"]["S"])):
            if not self._first:  # the header, which is read by itself too
                self._first[_key(item)] = item
            page.append(item)
            size += item_size(item)
            if size >= PAGE:
                self._pages[start] = _page(page, last=False)
                self.stored += size
                start, size, page = str(item["sk"]["S"]), 0, []
        self._pages[start] = _page(page, last=True)
        self.stored += size


def _key(item: Mapping[str, Any]) -> str:
    return f"{item['pk']['S']} {item['sk']['S']}"


def _page(items: list[Mapping[str, Any]], *, last: bool) -> bytes:
    said: dict[str, Any] = {"Items": items, "Count": len(items), "ScannedCount": len(items)}
    if not last:
        said["LastEvaluatedKey"] = {name: items[-1][name] for name in ("pk", "sk")}
    return json.dumps(said).encode()


def _handler(aws: InstantAws) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            operation = self.headers["X-Amz-Target"].partition(".")[2]
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._send(aws.dynamodb(operation, asked), "application/x-amz-json-1.0")

        def do_PUT(self) -> None:
            left = int(self.headers["Content-Length"])
            aws.bodies.append(left)
            while left:
                left -= len(self.rfile.read(min(left, 1 << 20)))
            aws.calls["s3:PutObject"] += 1
            aws.calls["s3:PutObject of a gzip copy"] += self.path.endswith(".gz")
            self._send(b"", "application/xml")

        def _send(self, body: bytes, content_type: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("ETag", '"0"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)  # in a packet of its own, at once: Nagle's algorithm is off

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    return Handler
