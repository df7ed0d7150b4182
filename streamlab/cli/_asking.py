"""From the arguments of a command to an endpoint, a prompt and a body.

Rule: a key is never an argument, because all users of a machine can read the arguments of its
processes.  A key is in an environment variable, and an argument names the variable.
"""

import json
import os
import re
import select
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from streamlab.dialects import PLAIN
from streamlab.endpoints import redact
from streamlab.endpoints.endpoint import Endpoint, endpoint, provider
from streamlab.errors import UnknownNameError, UsageError

# The dialect of each provider, by its name at the prompt.
PROVIDERS = {
    "openai": "openai_chat",
    "openai-responses": "openai_responses",
    "openai-completions": "openai_completions",
    "anthropic": "anthropic",
    "gemini": "gemini",
    "ollama": "ollama",
    "cohere": "cohere",
    "lmstudio": "lmstudio_native",
}

PIPE_S = 0.3  # how long a pipe may take until its first text, where a prompt is not needed
_VARIABLE = re.compile(r"\$(\w+|\{\w+\})")


@dataclass(frozen=True, slots=True)
class Where:
    """The arguments that name a server; exactly one way to name it must be used."""

    lab: str | None = None
    url: str | None = None
    provider: str | None = None
    base_url: str | None = None
    model: str | None = None
    dialect: str | None = None
    api_key_env: str | None = None

    def endpoint(self, fields: Mapping[str, object], headers: Mapping[str, str]) -> Endpoint:
        """Return the endpoint, with `fields` in the body of its requests."""
        self._check()
        if self.lab is not None:
            from streamlab.many import serve

            found = serve().endpoint(self.lab, self.dialect or "openai_chat")
        elif self.url is not None:
            found = self._of_url(self.url)
        else:
            found = self._of_provider(fields)
        return replace(found, json={**found.json, **fields}, headers=headers)

    @property
    def takes_prompt(self) -> bool:
        """True if the request has a place for a prompt."""
        plain = self.dialect in (None, "auto", *PLAIN)
        return self.url is None or self.model is not None or not plain

    def prompt(self, given: str | None, *, needed: bool) -> str | None:
        """Return the prompt, see `prompt_of`; the lab needs none."""
        prompt = prompt_of(given, needed and self.takes_prompt and self.lab is None)
        if prompt and not self.takes_prompt:
            raise UsageError(
                "a prompt came, and streamlab does not know where a request to this --url has "
                "it. Pass --dialect, or the whole body by --json."
            )
        return prompt

    def _check(self) -> None:
        ways = [f"--{name}" for name in ("lab", "url", "provider") if getattr(self, name)]
        if self.base_url and not self.provider:
            ways.append("--base-url")
        if len(ways) > 1:
            raise UsageError(
                f"record asks one server, and {' and '.join(ways)} came. Pass one."
            )
        if not ways and not self.model:
            raise UsageError(
                "the arguments name no server. Pass --model gpt-4o-mini for OpenAI, --provider "
                "and --model, --url, or --lab count-to-ten for the server on this machine."
            )
        if self.lab and (self.model or self.api_key_env):
            raise UsageError(
                "--lab names the scenario, and the lab needs no key. "
                "Leave out --model and --api-key-env."
            )
        if self.dialect and not (self.lab or self.url):
            raise UsageError(
                "--dialect is for --url or --lab. A provider has its own dialect: "
                f"--provider is one of {', '.join(PROVIDERS)}."
            )

    def _of_url(self, url: str) -> Endpoint:
        found = endpoint(
            url, dialect=self.dialect or "auto", model=self.model or "", api_key=self._key()
        )
        if self.api_key_env and not found.query(None, {}).headers.keys() - {"accept"}:
            raise UsageError(
                f"the header for the key of {url} is unknown. Pass --dialect, "
                f"or --header 'authorization: Bearer ${self.api_key_env}'."
            )
        return found

    def _of_provider(self, fields: Mapping[str, object]) -> Endpoint:
        name = self.provider or "openai"
        if name not in PROVIDERS:
            raise UnknownNameError("provider", name, PROVIDERS)
        if not self.model and "model" not in fields:
            raise UsageError(f"{name} needs a model. Pass --model NAME.")
        return provider(
            PROVIDERS[name], self.model or "", base_url=self.base_url, api_key=self._key()
        )

    def _key(self) -> str | None:
        return None if self.api_key_env is None else _variable(self.api_key_env)


def prompt_of(given: str | None, wanted: bool) -> str | None:
    """Return the prompt: the argument, or the text of standard input, which ``-`` means.

    Where no prompt is `wanted`, a pipe is read only if it has text already.
    """
    if given not in (None, "-"):
        return given
    if given == "-" or (wanted and not sys.stdin.isatty()) or _is_piped():
        text = sys.stdin.read().strip()
        if text or not wanted:
            return text or None
    if wanted:
        raise UsageError(
            "a prompt is missing. Pass it as an argument, pipe it in, "
            "or pass the messages by --json."
        )
    return None


def _is_piped() -> bool:
    # A program in a script or in cron also has a standard input that is not a terminal, and
    # reading it may block for ever.  A pipe counts if text or its end comes soon.
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError):  # closed, or replaced by an object without a descriptor
        return False
    if stat.S_ISFIFO(mode) and os.name == "posix":
        return bool(select.select([sys.stdin], [], [], PIPE_S)[0])
    return stat.S_ISREG(mode)


def body_of(text: str | None) -> dict[str, object]:
    """Return the fields of ``--json``: a JSON object, or ``@`` and a file's name."""
    if text is None:
        return {}
    source = Path(text[1:]).read_text("utf-8") if text.startswith("@") else text
    try:
        value = json.loads(source)
    except ValueError as error:
        value, came = None, f"this is not JSON: {error}"
    else:
        came = f"a {type(value).__name__} came"
    if not isinstance(value, dict):
        raise UsageError(
            f"--json takes a JSON object, and {came}. "
            "Pass for example '{\"max_tokens\": 100}', or @FILE."
        )
    return value


def header_of(text: str) -> tuple[str, str]:
    """Return name and value of ``--header 'name: value'``; ``$NAME`` is a variable."""
    name, colon, value = (part.strip() for part in text.partition(":"))
    if not name or not colon:
        raise UsageError(f"a header is written 'name: value', and {text!r} came.")
    # `ps` shows the arguments of a process to every user, and the shell keeps them in its
    # history.  So a header with a secret name must take its value from a variable.
    if redact.is_secret_name(name) and not _VARIABLE.search(value):
        raise UsageError(
            f"all users of this machine could read the value of {name} among the arguments. "
            f"Put it into an environment variable, and pass --header '{name}: $NAME'."
        )
    return name, _VARIABLE.sub(lambda found: _variable(found[1].strip("{}")), value)


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise UsageError(
            f"the environment variable {name} is not set. Set it, or name another."
        )
    return value
