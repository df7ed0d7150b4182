"""``streamlab record``: stream a completion, print it, and save it."""

from functools import partial
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from streamlab.cli._numbers import number

seconds = number(float, "a number of seconds above 0", 0.001, example=60.0)

Prompt = Annotated[
    str | None, Argument(help="The prompt. With - or in a pipe: standard input.")
]
Model = Annotated[str | None, Option("--model", "-m", help="The model; OpenAI's by default.")]
Provider = Annotated[
    str | None,
    Option(
        "--provider",
        "-p",
        help="openai, openai-responses, openai-completions, anthropic, gemini, ollama, cohere "
        "or lmstudio.",
    ),
]
BaseUrl = Annotated[
    str | None, Option(help="The base URL of a server with the provider's API.")
]
Url = Annotated[str | None, Option(help="A whole URL with its path, as for curl.")]
Lab = Annotated[
    str | None,
    Option(metavar="SCENARIO", help="Ask the lab, a server on this machine, without a key."),
]
Dialect = Annotated[
    str | None, Option(help="The format, with --url or --lab. [default: detected]")
]
Body = Annotated[
    str | None,
    Option(metavar="BODY", help="Fields of the request's body: a JSON object, or @FILE."),
]
Temperature = Annotated[
    float | None,
    Option(
        parser=number(float, "a number", -1e9, example=0.7),
        metavar="NUMBER",
        help="The field temperature of the body.",
    ),
]
Headers = Annotated[
    list[str] | None,
    Option("--header", "-H", help="'name: value'; $NAME is an environment variable."),
]
KeyVariable = Annotated[
    str | None, Option(metavar="NAME", help="The environment variable with the key.")
]
Save = Annotated[
    Path | None,
    Option(
        "--save",
        "-s",
        metavar="FILE",
        help="Save to a .jsonl (during the stream) or .parquet file; replaces FILE.",
    ),
]
Label = Annotated[str, Option(help="The recording's name in tables and pictures.")]
_Limit = partial(Option, parser=seconds, metavar="SECONDS")
Timeout = Annotated[
    float | None, _Limit(help="End after SECONDS without a byte. [default: 60]")
]
StallTimeout = Annotated[
    float | None,
    _Limit("--stall-timeout", "--stall-timeout-s", help="End after SECONDS without a delta."),
]
Deadline = Annotated[
    float | None, _Limit("--deadline", "--deadline-s", help="End after SECONDS in all.")
]
MaxBytes = Annotated[
    int | None,
    Option(
        parser=number(int, "a whole number of bytes from 1 on", 1, example=1_000_000),
        metavar="N",
        help="End after N bytes of body.",
    ),
]
ThinkTags = Annotated[
    bool, Option("--think-tags", help="Read content in <think> tags as reasoning.")
]
Keep = Annotated[
    bool, Option("--keep/--no-keep", help="Keep what arrived of a stream that failed.")
]
Async = Annotated[bool, Option("--async", help="Use an asyncio event loop.")]


def run(
    prompt: Prompt = None,
    model: Model = None,
    provider: Provider = None,
    base_url: BaseUrl = None,
    url: Url = None,
    lab: Lab = None,
    dialect: Dialect = None,
    json: Body = None,
    temperature: Temperature = None,
    header: Headers = None,
    api_key_env: KeyVariable = None,
    save: Save = None,
    label: Label = "",
    timeout: Timeout = None,
    stall_timeout_s: StallTimeout = None,
    deadline_s: Deadline = None,
    max_bytes: MaxBytes = None,
    think_tags: ThinkTags = False,
    keep: Keep = True,
    in_async: Async = False,
) -> int:
    """Stream a completion, print its text, and save it."""
    from streamlab.cli._asking import Where, body_of, header_of
    from streamlab.cli._streaming import Job, StreamOptions, report, stream

    where = Where(lab, url, provider, base_url, model, dialect, api_key_env)
    fields = body_of(json)
    if temperature is not None:
        fields["temperature"] = temperature
    endpoint = where.endpoint(fields, dict(map(header_of, header or [])))
    asked = where.prompt(prompt, needed=json is None)
    options: StreamOptions = {
        "label": label,
        "max_bytes": max_bytes,
        "think_tags": think_tags,
        "stall_timeout_s": stall_timeout_s,
        "deadline_s": deadline_s,
    }
    if timeout is not None:
        options["timeout"] = timeout
    return report(stream(Job(endpoint, asked, save, options), in_async), save, keep=keep)
