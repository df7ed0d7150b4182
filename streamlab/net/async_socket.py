"""Connections on an asyncio loop: the async twins of ``sync_socket``."""

# When a socket is readable, the loop calls us back; the callback reads at once, stamps, and
# queues.  So a stamp does not wait for the task that uses the bytes, and no code of anyio runs
# between the socket and the stamp.
#
# Rule: the queue is bounded.  Above `HIGH_WATER` we stop reading, and TCP slows the sender
# down, as without streamlab.

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import deque
from types import ModuleType

from httpcore import AsyncNetworkStream

from streamlab.net.connection import Exchange
from streamlab.net.fairness import turns_of
from streamlab.net.interrupts import HeldCancellation, wait_readable
from streamlab.net.stamping import Meter, joined
from streamlab.net.sync_socket import MAX_BYTES, mapped, socket_info
from streamlab.net.tls import TLSExchange, TLSLayer
from streamlab.net.together import AWAKE_NS
from streamlab.tape import Stamp

HIGH_WATER = 1 << 20  # bytes queued before we stop reading
STREAK = 4  # reads that a consumer may take from its queue before other consumers run


class AsyncConnection(Exchange, AsyncNetworkStream):
    """The base of both streams on a loop: TLS can begin over each of them."""

    _core: ModuleType

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> AsyncTLSStream:
        """Return TLS over this connection, which may be TLS itself, after the handshake."""
        layer = TLSLayer(ssl_context, server_hostname)
        stream = AsyncTLSStream(self, self._core, layer)
        await stream.handshake(timeout)
        return stream


class AsyncSocketStream(AsyncConnection):
    """A connected, non-blocking socket whose every read is stamped in the loop's callback.

    `held` is given for our own requests: a cancellation waits until the reads that have arrived
    are returned.  The consumer must read until the cancellation is raised.
    """

    def __init__(
        self, meter: Meter, core: ModuleType, held: HeldCancellation | None = None
    ) -> None:
        super().__init__(keeps_answer=held is not None)
        self._held = held
        if held is not None:
            held.use()
        self._meter, self._core = meter, core
        self._sock, self._fd = meter.sock, meter.sock.fileno()
        self._loop = asyncio.get_running_loop()
        self._queue: deque[tuple[bytes, Stamp]] = deque()
        self._queued_bytes = 0
        self._failure: Exception | None = None
        self._at_end = False
        self._reader: asyncio.Future[None] | None = None
        self._turns = turns_of(self._loop)
        self._woken = False  # the waiting consumer is already woken
        self._streak = 0  # reads returned since the consumer last waited
        self._timeout_s = 0.0
        self._deadline_s: float | None = None
        self._watchdog: asyncio.TimerHandle | None = None
        self._unsent = bytearray()
        self._writer: asyncio.Future[None] | None = None
        self._reading = False
        self._resume()

    @property
    def _holds_cancellation(self) -> bool:
        return self._held is not None and self._held.is_held

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return the bytes of one read of the socket; ``b""`` at the end."""
        del max_bytes  # a read is returned whole: the rest of it would have no stamp
        has_had_its_turn = self._streak >= STREAK and not self._holds_cancellation
        if not self._at_end and (not self._queue or has_had_its_turn):
            await self._wait(timeout)
        self._streak += 1
        if self._queue:
            data, stamp = self._queue.popleft()
            self._queued_bytes -= len(data)
            if not self._reading and self._queued_bytes < HIGH_WATER // 2:
                self._meter.returns()
                self._resume()
            self.got(stamp, data)
            return data
        if self._failure is not None:
            # Raised first so that the failure is the context of our exception.  httpcore raises
            # its own error `from None`, which drops the cause but keeps the context.
            try:
                raise self._failure
            except Exception as exc:
                raise self._core.ReadError(self._said(exc)) from exc
        return b""

    async def _wait(self, timeout: float | None) -> None:
        if self._holds_cancellation:
            self._hold()
            return
        self._streak = 0
        # A consumer that comes late may have blocked the loop, and its sleep was no wait for
        # bytes.  If it comes at once, the loop may have slept for the next socket to be read.
        self._meter.waits(AWAKE_NS)
        self._reader = self._loop.create_future()
        self._watch(timeout)
        if self._queue:
            self._wake()
        try:
            await self._reader
        except TimeoutError as exc:
            raise self._core.ReadTimeout(self._said(exc)) from exc
        except asyncio.CancelledError:
            self._hold()
        finally:
            self._reader = self._deadline_s = None
            self._woken = False

    def _said(self, failure: Exception) -> str:
        return "" if self._held is None else str(failure)

    def _on_readable(self) -> None:
        try:
            data, stamp = self._meter.recv(MAX_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except Exception as exc:  # on any error, the consumer must not wait for ever
            self._stop(exc)
        else:
            if data:
                self._queue.append((data, stamp))
                self._queued_bytes += len(data)
                if self._queued_bytes >= HIGH_WATER:
                    self._pause()
            else:
                self._stop(None)
        self._wake()

    def _wake(self) -> None:
        if self._reader is not None and not self._woken:
            self._woken = True
            self._turns.wake(self._reader)

    def _stop(self, failure: Exception | None) -> None:
        self._at_end, self._failure = True, failure
        self._pause()

    def _pause(self) -> None:
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._fd)

    def _resume(self) -> None:
        if not self._at_end and self._sock.fileno() >= 0:
            self._reading = True
            self._loop.add_reader(self._fd, self._on_readable)

    def _watch(self, timeout: float | None) -> None:
        # Let this read fail if it waits longer than `timeout` seconds.
        # One timer a connection looks at the deadline, at times late or without need: setting
        # and cancelling a timer for each read would cost more than the read.
        if timeout is None:
            return
        self._timeout_s = timeout
        self._deadline_s = deadline_s = self._loop.time() + timeout
        if self._watchdog is None or self._watchdog.when() > deadline_s:
            self._arm(deadline_s)

    def _arm(self, when_s: float) -> None:
        if self._watchdog is not None:
            self._watchdog.cancel()
        self._watchdog = self._loop.call_at(when_s, self._check)

    def _check(self) -> None:
        self._watchdog = None
        if self._deadline_s is None:
            return
        if self._loop.time() < self._deadline_s:
            self._arm(self._deadline_s)
        elif self._reader is not None and not (self._woken or self._reader.done()):
            self._reader.set_exception(TimeoutError(f"no byte came for {self._timeout_s:g} s"))

    def _hold(self) -> None:
        # Hold a cancellation back while reads that have arrived are queued; else raise it.
        # The task was cancelled while it waited here, or in code of the consumer.  The kernel
        # may have bytes that the loop has not read, for instance because the loop was blocked,
        # or the queue was full.  These bytes arrived before the cancellation, so they are read
        # now.  Their reads are returned one by one, and the wait after the last one raises the
        # cancellation.
        late = self._held is not None and self._held.is_late
        while not late and self._reading and wait_readable(self._sock, 0):
            self._on_readable()
        if self._held is None or not self._queue:
            raise asyncio.CancelledError
        self._held.hold_back()

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of `buffer`, in the order of the calls."""
        if not buffer:
            return
        self.sends(buffer)
        with mapped(self._core.WriteTimeout, self._core.WriteError):
            self._unsent += buffer
            self._send()
            if self._unsent:
                async with asyncio.timeout(timeout):
                    await self._sent()

    async def _sent(self) -> None:
        if self._writer is None or self._writer.done():
            self._writer = self._loop.create_future()
            self._loop.add_writer(self._fd, self._on_writable)
        await asyncio.shield(self._writer)

    def _send(self) -> None:
        while self._unsent:
            try:
                del self._unsent[: self._sock.send(self._unsent)]
            except (BlockingIOError, InterruptedError):
                return

    def _on_writable(self) -> None:
        failure: OSError | None = None
        try:
            self._send()
        except OSError as exc:
            failure = exc
        if (failure or not self._unsent) and self._writer is not None:
            self._loop.remove_writer(self._fd)
            if not self._writer.done():
                if failure:
                    self._writer.set_exception(failure)
                else:
                    self._writer.set_result(None)

    async def aclose(self) -> None:
        """Close the socket."""
        self.close()

    def close(self) -> None:
        """Close the socket, and watch it on the loop no longer."""
        if self._sock.fileno() < 0:
            return
        self._pause()
        if self._writer is not None:
            self._loop.remove_writer(self._fd)
        if self._watchdog is not None:
            self._watchdog.cancel()
        self._sock.close()
        self._at_end = True
        self._wake()

    def abort(self) -> None:
        """Make a read that is waiting return at once; callable from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            self._loop.call_soon_threadsafe(self._abort)

    def _abort(self) -> None:
        self._stop(None)
        self._wake()

    def get_extra_info(self, info: str) -> object:
        """Return information for httpcore: addresses, the socket, readability."""
        if info == "is_readable" and (self._queue or self._at_end):
            return True
        return socket_info(self._sock, info)


class AsyncTLSStream(TLSExchange[AsyncConnection], AsyncConnection):
    """TLS over any async stream of ours, another TLS stream included."""

    async def handshake(self, timeout: float | None) -> None:
        """Do the handshake; close the connection below if it fails."""
        layer, inner = self._layer, self._below
        try:
            with mapped(self._core.ConnectTimeout, self._core.ConnectError):
                while not layer.handshake():
                    await inner.write(layer.pending(), timeout)
                    layer.feed(await inner.read(MAX_BYTES, timeout))
                await inner.write(layer.pending(), timeout)
        except BaseException:
            await inner.aclose()
            raise

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return the plaintext that one read's ciphertext completes."""
        del max_bytes  # a part that stayed in the TLS layer would have no stamp of its own
        stamps: list[Stamp | None] = []
        try:
            while (data := self._layer.plaintext()) is None:
                self._layer.feed(await self._below.read(MAX_BYTES, timeout))
                stamps.append(self._below.last)
        except ssl.SSLError as exc:
            raise self._core.ReadError(str(exc)) from exc
        await self._below.write(self._layer.pending(), timeout)
        self.got(joined(stamps or [self._below.last]), data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Encrypt and send all of `buffer`."""
        self.sends(buffer)
        with mapped(self._core.WriteTimeout, self._core.WriteError):
            await self._below.write(self._layer.encrypt(buffer), timeout)

    async def aclose(self) -> None:
        """Close the socket below."""
        await self._below.aclose()
