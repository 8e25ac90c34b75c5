"""A collector of traces for the tests: it decodes what it receives."""

from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response


class Collector:
    """What an OpenTelemetry collector takes: OTLP over HTTP, protobuf."""

    def __init__(self, server: HTTPServer) -> None:
        self.url = server.url_for("")
        self.raw: list[bytes] = []
        server.expect_request("/v1/traces", method="POST").respond_with_handler(self._take)

    def _take(self, request: Request) -> Response:
        self.raw.append(request.get_data())
        return Response(b"", 200, {"Content-Type": "application/x-protobuf"})

    @property
    def spans(self) -> list[Span]:
        messages = [ExportTraceServiceRequest.FromString(body) for body in self.raw]
        return [
            span
            for message in messages
            for resource in message.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def named(self, name: str) -> Span:
        (found,) = [span for span in self.spans if span.name == name]
        return found


def attributes(span: Span) -> dict[str, Any]:
    return {
        each.key: getattr(each.value, each.value.WhichOneof("value") or "string_value")
        for each in span.attributes
    }
