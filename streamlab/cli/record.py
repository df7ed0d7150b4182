"""``streamlab record``: stream a completion, see it, keep it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

Prompt = Annotated[
    str | None, Argument(help="What to ask; - or a pipe takes it from standard input.")
]
Model = Annotated[
    str | None, Option("--model", "-m", help="Of OpenAI, unless --provider says else.")
]
Provider = Annotated[
    str | None,
    Option(
        "--provider",
        "-p",
        help="openai, openai-responses, anthropic, gemini, ollama, cohere or lmstudio.",
    ),
]
BaseUrl = Annotated[
    str | None, Option(help="Where the provider, or who speaks its protocol, is.")
]
Url = Annotated[str | None, Option(help="A whole URL, path included, as for curl.")]
Lab = Annotated[
    str | None, Option(metavar="SCENARIO", help="Our own server on this machine; needs no key.")
]
Dialect = Annotated[
    str | None, Option(help="The format at --url or --lab; else it is found out.")
]
Body = Annotated[
    str | None,
    Option(metavar="BODY", help="Fields of the request's body: a JSON object, or @FILE."),
]
Temperature = Annotated[float | None, Option(help="A field of the body.")]
Headers = Annotated[
    list[str] | None,
    Option("--header", "-H", help="'name: value'; $NAME is from the environment."),
]
KeyVariable = Annotated[
    str | None, Option(metavar="NAME", help="The environment variable that has the key.")
]
Save = Annotated[
    Path | None,
    Option("--save", "-s", help="Keep it in this .jsonl (while it runs) or .parquet."),
]
Label = Annotated[str, Option(help="What tables and pictures call it.")]
Timeout = Annotated[
    float | None, Option(min=0.001, metavar="SECONDS", help="Without a byte; else 60.")
]
MaxBytes = Annotated[
    int | None, Option(min=1, metavar="N", help="End it after so many bytes of body.")
]
Async = Annotated[bool, Option("--async", help="On an asyncio loop.")]


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
    max_bytes: MaxBytes = None,
    in_async: Async = False,
) -> int:
    """Stream a completion, print its text as it comes, and keep it.

    The answer goes to standard output; what there is to say about it, to standard error.
    The key is taken from the provider's usual variable (OPENAI_API_KEY, ...), or from the one
    that --api-key-env names; it is never an argument.

    \b
    Examples:
      streamlab record --model gpt-4o-mini "Count to 10" --temperature 0
      streamlab record -p anthropic -m claude-sonnet-4-5 "Hi" --json '{"max_tokens": 99}'
      streamlab record -p ollama -m llama3.2 --save llama.jsonl < question.txt
      streamlab record --base-url http://localhost:8000/v1 -m my-model "Hi"
      streamlab record --url http://localhost:8000/events --save events.jsonl
      streamlab record --lab count-to-ten --save a.jsonl

    Exit codes: 0; 1 if the stream failed; 2 for misuse; 130 after Ctrl-C. What had arrived is
    kept in any case: in the file of --save, else in a new file here, whose name is said.
    """
    from streamlab.cli._asking import Where, body_of, headers_of, prompt_of
    from streamlab.cli._streaming import Job, report, stream

    where = Where(lab, url, provider, base_url, model, dialect, api_key_env)
    fields = body_of(json)
    if temperature is not None:
        fields["temperature"] = temperature
    endpoint = where.endpoint(fields, headers_of(header or []))
    asked = prompt_of(prompt, where.wants_prompt and json is None)
    job = Job(endpoint, asked, save, label, timeout, max_bytes)
    return report(stream(job, in_async), save)
