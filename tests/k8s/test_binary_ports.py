from __future__ import annotations

from typing import Any

import pytest

from sandlane.k8s.ports import binary_protocol


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ({"port": 5672}, "AMQP by its number"),
        ({"port": 80, "targetPort": 9092}, "Kafka's protocol by its number"),
        ({"port": 80, "targetPort": "kafka"}, None),
        ({"port": 80, "name": "amqp"}, "AMQP by its name"),
        ({"port": 80, "name": "Kafka-internal"}, "Kafka's protocol by its name"),
        ({"port": 80, "name": "my-kafka"}, None),
        ({"port": 80, "name": "web", "appProtocol": "postgresql"}, "PostgreSQL's protocol by its appProtocol"),
        ({"port": 80}, None),
        ({"port": 8080, "name": "web"}, None),
        ({"port": 5672, "name": "http-amqp"}, None),
        ({"port": 9092, "appProtocol": "kubernetes.io/h2c"}, None),
        # What the mesh knows itself is no guess.
        ({"port": 6379, "name": "redis"}, None),
        ({"port": 9092, "name": "tcp-kafka"}, None),
        ({"port": 27017}, None),
        ({"port": 5672, "protocol": "UDP"}, None),
    ],
)
def test_ports_of_protocols_without_headers(port: dict[str, Any], expected: str | None) -> None:
    assert binary_protocol(port) == expected
