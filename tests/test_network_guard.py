"""The suite's own rule: tests reach this machine and no other."""

import socket

import pytest


def test_connection_to_another_machine_raises() -> None:
    with (
        socket.socket() as client,
        pytest.raises(RuntimeError, match=r"tried to reach 192\.0\.2\.1 \(socket\.connect\)"),
    ):
        client.connect(("192.0.2.1", 9))


def test_datagram_to_another_machine_raises() -> None:
    with (
        socket.socket(type=socket.SOCK_DGRAM) as client,
        pytest.raises(RuntimeError, match="loopback only"),
    ):
        client.sendto(b"", ("192.0.2.1", 9))


def test_look_up_of_another_machine_raises() -> None:
    with pytest.raises(RuntimeError, match=r"tried to reach example\.org"):
        socket.getaddrinfo("example.org", 80)


def test_loopback_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()
