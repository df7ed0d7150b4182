"""How many tokens a server reported, under the keys of every provider.

Nothing is estimated: a count that was not reported is None.
"""

from typing import NamedTuple

from streamlab.dialects.reading import JSONObject, a_dict, a_list, whole

_NOT_TEXT = ("audio_tokens", "image_tokens", "rejected_prediction_tokens")


class Tokens(NamedTuple):
    """The token counts of a usage object.

    `output` includes the reasoning that the server counts as output.
    """

    prompt: int | None = None
    output: int | None = None
    reasoning: int | None = None


class _Keys(NamedTuple):
    prompt: str
    output: str
    reasoning: str = ""
    also: str = ""  # a second key, whose number is added to the output


# The first row with an output key in the report counts.  Only Gemini counts thoughts beside its
# output, and not within it.  Gemini's second row comes after its first: it is for a stream that
# has thoughts but no candidates yet.
_PROVIDERS = (
    _Keys("prompt_tokens", "completion_tokens", "completion_tokens_details.reasoning_tokens"),
    _Keys("input_tokens", "total_output_tokens", "reasoning_output_tokens"),  # LM Studio
    _Keys("input_tokens", "output_tokens", "output_tokens_details.reasoning_tokens"),
    _Keys("tokens.input_tokens", "tokens.output_tokens"),  # Cohere
    _Keys("promptTokenCount", "candidatesTokenCount", *["thoughtsTokenCount"] * 2),
    _Keys("promptTokenCount", "thoughtsTokenCount", "thoughtsTokenCount"),
    _Keys("prompt_eval_count", "eval_count"),  # Ollama
    _Keys("prompt_n", "predicted_n"),  # llama.cpp's timings
)


def tokens(usage: JSONObject | None) -> Tokens:
    """Return the counts of a usage object; all None if it has no known key."""
    found = dict(usage or {})
    prompts = (_at(found, keys.prompt) for keys in _PROVIDERS)
    prompt = next((count for count in prompts if count is not None), None)
    for keys in _PROVIDERS:
        output, also = _at(found, keys.output), _at(found, keys.also)
        if output is None:
            continue
        reasons = (_at(found, key) for key in (keys.reasoning, "reasoning_tokens"))  # SGLang's
        reasoning = next((count for count in reasons if count is not None), None)
        return Tokens(prompt, output + (also or 0), reasoning)
    return Tokens(prompt)


def not_text(usage: JSONObject | None) -> int:
    """Return how many tokens of the output are no text that is sent, as a server says."""
    found = dict(usage or {})
    counts = [*map(a_dict(found.get("completion_tokens_details")).get, _NOT_TEXT)]
    parts = map(a_dict, a_list(found.get("candidatesTokensDetails")))  # Gemini
    counts += [part.get("tokenCount") for part in parts if part.get("modality") != "TEXT"]
    return sum(whole(count) or 0 for count in counts)


def merged(before: JSONObject, now: JSONObject) -> dict[str, object]:
    """Return the usage so far: of each count the largest, of everything else the latest."""
    # A null, or the 0 of a gateway that repeats the key of an earlier event, replaces nothing.
    found = {**before, **now}
    for key, old in before.items():
        new, count = found[key], whole(old)
        if isinstance(old, dict) and isinstance(new, dict):
            found[key] = merged(old, new)
        elif new is None or (count and count > (whole(new) or 0) and "per_" not in key):
            found[key] = old
    return found


def _at(found: JSONObject, path: str) -> int | None:
    outer, _, inner = path.rpartition(".")
    return whole((a_dict(found.get(outer)) if outer else found).get(inner))
