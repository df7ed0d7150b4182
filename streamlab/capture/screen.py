"""Masks the secrets of a request in the body of its response, as the body goes on tape."""

# Reads go on tape at once.  `Recorder.settled` holds a follower or a journal back only before
# bytes that may be the beginning of a secret.
#
# A compressed body is decoded here in addition, to look for secrets and to count its bytes; the
# tape gets it as it was sent.  Once a secret is found in it, the tape is stored decoded: a
# secret cannot be masked within compressed bytes.

from array import array
from collections.abc import Iterator, Sequence

from streamlab.decode.content import MAX_DECODED_BYTES, content_decoder
from streamlab.endpoints.echoes import Echoes
from streamlab.tape import Recorder

_A_PART = 16  # pieces of at most 64 KiB, or at most 8 MiB of zstd


class Screen:
    """Stands before a recorder; `passed` returns the bytes to record in place of a piece."""

    def __init__(
        self,
        recorder: Recorder,
        secrets: Sequence[str],
        encoding: str = "identity",
        max_decoded_bytes: int | None = None,
    ) -> None:
        self._recorder, self._secrets = recorder, secrets
        self._encoding = encoding
        self._limit = MAX_DECODED_BYTES if max_decoded_bytes is None else max_decoded_bytes
        self._echoes = Echoes(secrets)
        self._decoder = content_decoder(encoding, self._limit)
        self._is_plain = encoding in ("", "identity")
        self._is_sent = not self._is_plain  # the tape has the encoded body, as it was sent
        self._todo: Iterator[bytes] = iter(())
        self._is_hidden = self._is_closed = False
        if self._echoes:
            recorder.settle(0)

    def __bool__(self) -> bool:
        return self._is_sent or bool(self._echoes)

    @property
    def is_over(self) -> bool:
        """Whether the decoded body has more bytes than `limit` says."""
        return self._decoder.is_over

    @property
    def limit(self) -> str:
        """The limit, in words."""
        return f"max_decoded_bytes={self._limit} was reached"

    def passed(self, piece: bytes) -> bytes:
        """Return what to record in place of a piece of the body; mask what came before."""
        if self._is_plain:
            if self._recorder.body or not piece.startswith(b"\x1f"):
                return self._masked(piece)
            # gzip without a header that says so; `follow.message` undoes it.  Nothing of it is
            # shown before the whole is known.
            self._is_plain, self._is_sent, self._is_hidden = False, True, True
            self._encoding, self._decoder = "gzip", content_decoder("gzip", self._limit)
        if not self._is_sent:
            return b"".join(map(self._masked, self._decoder.pieces(piece)))
        while self.work():
            pass
        self._todo = self._decoder.pieces(piece)
        return piece

    def work(self) -> bool:
        """Look into a part of what was recorded; return whether more is left.

        A part, because one read of a bomb takes seconds, and the other streams of a loop wait.
        """
        for n, plain in enumerate(self._todo, start=1):
            if self._echoes:
                self._echoes.feed(plain)
            if n == _A_PART:
                return True
        if self._is_sent and self._echoes.n_found:
            self._become_decoded()
        return False

    def settle(self) -> None:
        """Let followers read what was recorded, but the beginning of a secret."""
        if not self._is_sent:
            self._recorder.settle(self._echoes.at)
        elif not (self._echoes.is_held or self._is_hidden):
            self._recorder.settle(len(self._recorder.body))

    def close(self) -> None:
        """Mask the beginning of a secret at the end of the body; let followers read all."""
        if not self._echoes or self._is_closed:
            return
        self._is_closed = True
        while self.work():
            pass
        rest = self._echoes.close()
        if rest and self._is_sent:
            self._become_decoded()
        self._recorder.overwrite(self._echoes.at, rest)
        self._recorder.settle(None)

    def _masked(self, plain: bytes) -> bytes:
        at = self._echoes.at
        before, masked = self._echoes.feed(plain)
        if before:
            self._recorder.overwrite(at, before)
        return masked

    def _become_decoded(self) -> None:
        # Replace the tape's body by the decoded, masked one, read by read.
        sent, ends = bytes(self._recorder.body), self._recorder.columns.ends
        self._is_sent, self._echoes, self._todo = False, Echoes(self._secrets), iter(())
        self._decoder = content_decoder(self._encoding, self._limit)
        body, new_ends, begin = bytearray(), array("q"), 0
        for end in ends:
            for plain in self._decoder.pieces(sent[begin:end]):
                at = self._echoes.at
                before, masked = self._echoes.feed(plain)
                body[at : at + len(before)] = before
                body += masked
            new_ends.append(len(body))
            begin = end
        stored = f"decoded from {self._encoding}: a secret of the request stood in the body"
        meta = {**self._recorder.meta, "content_encoding": "identity", "stored": stored}
        self._recorder.become(body, new_ends, meta)
        self._recorder.settle(self._echoes.at)
