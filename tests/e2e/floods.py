"""Clients that try to block an endpoint for others: silent, slow, or with large bodies."""
import contextlib
import resource
import selectors
import socket
import threading
import time

SLOW_SECONDS = 0.2  # between two bytes of a slow client


def allow_files(number):
    """Allows this process that many open files, up to the system's limit."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = number if most == resource.RLIM_INFINITY else min(number, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


class SlowConnections:
    """SlowConnections keeps NUMBER connections to a port of this machine, from ADDRESSES. Each
    sends one of the texts, a byte at a time. A connection that the server closes is replaced."""

    def __init__(self, port, number, texts, addresses=("127.0.0.1",)):
        self.port, self.number, self.texts, self.addresses = port, number, texts, addresses
        self.going, self.made, self.closed = True, 0, 0
        self.selector = selectors.DefaultSelector()
        self.thread = threading.Thread(target=self._run)

    def _connect(self):
        client = socket.socket()
        client.setblocking(False)
        with contextlib.suppress(OSError):
            client.bind((self.addresses[self.made % len(self.addresses)], 0))
            client.connect_ex(("127.0.0.1", self.port))
        text = self.texts[self.made % len(self.texts)]
        self.made += 1
        self.selector.register(client, selectors.EVENT_READ, iter(text))

    def _run(self):
        for _ in range(self.number):
            self._connect()
        due = time.monotonic()
        while self.going:
            for key, _ in self.selector.select(timeout=SLOW_SECONDS):
                self._read(key.fileobj)
            if time.monotonic() >= due:
                due = time.monotonic() + SLOW_SECONDS
                for key in list(self.selector.get_map().values()):
                    self._send(key)

    def _read(self, client):
        try:
            if client.recv(4096):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self.selector.unregister(client)
        client.close()
        self.closed += 1
        self._connect()

    @staticmethod
    def _send(key):
        byte = next(key.data, None)
        if byte is not None:
            with contextlib.suppress(OSError):
                key.fileobj.send(bytes([byte]))

    def __enter__(self):
        allow_files(4 * self.number)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.going = False
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()


def in_threads(number, work):
    """Calls WORK on NUMBER threads at the same time and returns the results."""
    results = []
    threads = [threading.Thread(target=lambda: results.append(work())) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
