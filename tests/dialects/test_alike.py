"""Chunks that differ only in their content are read by a short cut, with the same result."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from streamlab.dialects.openai_chat import OpenAIChatReader

TEXTS = ["a", " b", "é", 'say "x"', "\\", "\n", "", "c", "a", "\ud83d", "content", "\x7f" * 9]
AUDIO, CALL = {"audio": {"content": "a"}}, {"tool_calls": [{"index": 0}]}
LOGPROBS, MESSAGE = {"logprobs": {"content": [{}]}}, {"message": {"content": "abc"}}
contents = st.sampled_from(TEXTS)
deltas = st.builds(
    lambda text, more: {**more, "content": text},
    contents,
    st.sampled_from(
        [{}, {}, {}, {"role": "assistant"}, {"refusal": "no"}, {"reasoning": "r"}, AUDIO, CALL]
    ),
)
choices = st.builds(
    lambda index, delta, more: {"index": index, "delta": delta, **more},
    st.sampled_from([0, 0, 0, 1]),
    deltas,
    st.sampled_from(
        [{}, {}, {}, {"finish_reason": None}, {"finish_reason": "stop"}, LOGPROBS, MESSAGE]
    ),
)
chunks = st.builds(
    lambda found, more: {**more, "choices": found},
    st.lists(choices, max_size=2) | choices.map(lambda choice: [choice]),
    st.sampled_from(
        [{}, {}, {}, {"id": "a"}, {"x": {"content": "a"}}, {"error": {"message": "m"}}]
        + [{"usage": {"completion_tokens": n}} for n in (1, 2, 4)]
        + [{"timings": {"predicted_n": 5}}, {"citations": ["a"]}]
    ),
)
ways = st.fixed_dictionaries(
    {"ensure_ascii": st.booleans(), "indent": st.sampled_from([None, 1])}
)
types = st.sampled_from(["message", "message", "message", "error"])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(types, chunks), max_size=12), ways)
def test_the_short_cut_changes_nothing(events, way):
    # Spaces at the end, in another number each time, make every chunk unlike the others.
    quick, slow = OpenAIChatReader(), OpenAIChatReader()
    for number, (kind, chunk) in enumerate(events * 2):
        data = json.dumps(chunk, **way)
        assert quick.feed(kind, data) == slow.feed(kind, data + " " * number)
    assert quick.complete == slow.complete


def test_the_content_is_found_where_its_text_is_elsewhere_too():
    reader = OpenAIChatReader()
    shape = '{{"a":"x","choices":[{{"index":0,"delta":{{"content":"{}"}}}}],"b":"x"}}'
    texts = ["x", "y", "z", "x", "w"]

    assert [reader.feed("message", shape.format(t))[0].text for t in texts] == texts


def test_a_reader_gives_up_where_every_chunk_has_another_padding(monkeypatch):
    from streamlab.dialects import openai_chat

    looked = []
    monkeypatch.setattr(openai_chat, "_others_like", lambda *about: looked.append(about))
    reader = OpenAIChatReader()
    for number in range(100):
        chunk = {"choices": [{"index": 0, "delta": {"content": "a"}}], "obfuscation": number}
        reader.feed("message", json.dumps(chunk))

    assert 0 < len(looked) < 30
