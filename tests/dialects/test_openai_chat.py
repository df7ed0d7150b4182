"""OpenAI's chunks, and how each server differs from OpenAI."""

from __future__ import annotations

import json

import pytest

from streamlab.dialects import Delta, answer, dialect_named
from tests.dialects.streams import read


def chunk(delta=None, *, index=0, finish=None, **beside):
    """Return one chunk; `delta` None leaves the key out."""
    choice = {"index": index, "finish_reason": finish}
    if delta is not None:
        choice["delta"] = delta
    return {"object": "chat.completion.chunk", "choices": [choice], **beside}


def piece(number=0, id=None, name=None, arguments=None):  # noqa: A002
    """Return the delta of one piece of a tool call."""
    function = {"name": name, "arguments": arguments}
    call = {"id": id, "type": "function", "function": function}
    return {"tool_calls": [call if number is None else {"index": number, **call}]}


def kinds(deltas):
    return [(delta.kind, delta.text) for delta in deltas]


def chat(*events):
    return read("openai_chat", *events)[0]


def answered(*events):
    return answer(*read("openai_chat", *events))


def test_role_and_content_in_one_chunk_are_two_deltas():
    deltas = chat(chunk({"content": "Hi", "role": "assistant"}))
    assert deltas == [Delta("role", "assistant", 0), Delta("content", "Hi", 0)]


def test_a_role_on_every_chunk_is_told_once():
    deltas = chat(*[chunk({"role": "assistant", "content": text}) for text in "ab"])
    assert kinds(deltas) == [("role", "assistant"), ("content", "a"), ("content", "b")]


def test_null_fields_are_as_if_they_were_not_there():
    nulls = {"role": None, "content": None, "reasoning_content": None, "tool_calls": None}
    assert chat(chunk(nulls, usage=None)) == [Delta("meta")]


def test_an_empty_content_is_no_delta():
    assert chat(chunk({"content": ""})) == [Delta("meta")]


def test_a_choice_without_delta_is_no_error():
    assert chat(chunk(None)) == [Delta("meta")]


def test_a_custom_tool_is_called_with_a_text():
    opening = {"index": 0, "id": "c", "custom": {"name": "grep", "input": "a"}}
    pieces = [opening, {"index": 0, "custom": {"input": "b"}}]
    deltas, _ = read("openai_chat", *(chunk({"tool_calls": [piece]}) for piece in pieces))
    assert [(delta.name, delta.text) for delta in deltas] == [("grep", "a"), (None, "b")]


def test_the_asynchronous_filter_of_azure_annotates_even_after_the_finish():
    late = chunk(None, index=1)
    late["choices"][0]["content_filter_results"] = {"hate": {"filtered": False}}
    finished = [chunk({}, index=index, finish="stop") for index in (0, 1)]
    deltas, reader = read("openai_chat", *finished, late)
    assert deltas[-1] == Delta("annotation", "content_filter_results", 1)
    assert reader.finished


@pytest.mark.parametrize(
    ("index", "choice"),
    [
        (None, 0),
        ("1", 1),
        ("x", 0),
        (-1, 0),
        (True, 0),
        (2**31 - 1, 2**31 - 1),
        (2**31, 0),
        ([], 0),
    ],
)
def test_a_choice_whose_index_is_no_number_is_choice_0(index, choice):
    assert chat(chunk({"content": "x"}, index=index)) == [Delta("content", "x", choice)]


def test_choices_may_be_empty_or_missing():
    assert chat({"choices": []}, {"object": "chat.completion.chunk"}) == [Delta("meta")] * 2


def test_the_text_of_legacy_completions_is_content():
    legacy = {"choices": [{"index": 0, "text": "Once", "finish_reason": None}]}
    assert chat(legacy) == [Delta("content", "Once", 0)]


@pytest.mark.parametrize("key", ["reasoning", "reasoning_content"])
def test_reasoning_is_read_under_either_name(key):
    assert chat(chunk({key: "Hm"})) == [Delta("reasoning", "Hm", 0)]


def test_reasoning_under_both_names_counts_once():
    deltas = chat(chunk({"reasoning": "Hm", "reasoning_content": "Hm"}))
    assert deltas == [Delta("reasoning", "Hm", 0)]


def test_reasoning_that_its_details_repeat_counts_once():
    details = [{"type": "reasoning.text", "text": "Pick"}]
    deltas = chat(chunk({"reasoning": "Pick", "reasoning_details": details}))
    assert deltas == [Delta("reasoning", "Pick", 0)]


def test_reasoning_in_details_alone_is_read_with_its_signature():
    details = [
        {"type": "reasoning.summary", "summary": "Short"},
        {"type": "reasoning.text", "text": "Long", "signature": "Ep"},
        {"type": "reasoning.encrypted", "data": "x1"},
    ]
    deltas = chat(chunk({"reasoning": None, "reasoning_details": details}))
    said = [
        ("reasoning", "Short"),
        ("reasoning", "Long"),
        ("signature", "Ep"),
        ("signature", "x1"),
    ]
    assert kinds(deltas) == said


def test_content_as_a_list_holds_thinking_and_text():
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Okay"}]},
        {"type": "thinking", "thinking": "then"},
        {"type": "text", "text": "Look"},
        {"type": "reference", "reference_ids": [1]},
    ]
    deltas = chat(chunk({"content": parts}), chunk({"content": " both"}))
    assert kinds(deltas) == [
        ("reasoning", "Okay"),
        ("reasoning", "then"),
        ("content", "Look"),
        ("annotation", "reference"),
        ("content", " both"),
    ]


def test_a_refusal_is_its_own_kind():
    assert chat(chunk({"refusal": "No."})) == [Delta("refusal", "No.", 0)]


def test_later_pieces_of_a_tool_call_may_have_an_empty_id():
    events = [chunk(piece(0, "call_1", "f", "")), chunk(piece(0, "", "", '{"a"'))]
    events.append(chunk(piece(0, "", None, ":1}")))
    deltas = chat(*events)
    assert [(d.id, d.name, d.text) for d in deltas] == [
        ("call_1", "f", ""),
        (None, None, '{"a"'),
        (None, None, ":1}"),
    ]
    assert answered(*events).tool_calls == [
        {"id": "call_1", "name": "f", "arguments": '{"a":1}'}
    ]


def test_an_id_and_a_name_on_every_piece_are_not_joined():
    events = [chunk(piece(0, "call_1", "f", text)) for text in ("{", "}")]
    assert answered(*events).tool_calls == [{"id": "call_1", "name": "f", "arguments": "{}"}]


def test_whole_calls_without_an_index_are_numbered():
    calls = [piece(None, id, "f", "{}")["tool_calls"][0] for id in ("a", "b")]  # noqa: A001
    events = [chunk({"tool_calls": calls}), chunk(piece(None, "c", "g", "{}"))]
    assert [delta.index for delta in chat(*events)] == [0, 1, 2]
    assert [call["id"] for call in answered(*events).tool_calls] == ["a", "b", "c"]


def test_a_piece_without_index_and_id_goes_on_with_the_last_call():
    events = [chunk(piece(None, "a", "f", "{")), chunk(piece(None, "b", "g", "{"))]
    events.append(chunk(piece(None, None, None, "}")))
    assert [call["arguments"] for call in answered(*events).tool_calls] == ["{", "{}"]


def test_a_piece_without_index_and_id_does_not_shift_the_next_call():
    pieces = [("a", "f", "{"), (None, None, "}"), ("b", "g", "{}")]
    deltas = chat(*[chunk(piece(None, *each)) for each in pieces])
    assert [delta.index for delta in deltas] == [0, 0, 1]


def test_calls_that_all_have_number_0_are_told_apart_by_their_ids():
    events = [chunk(piece(0, "a", "f", "{}")), chunk(piece(0, "b", "g", "{}"))]
    assert [call["name"] for call in answered(*events).tool_calls] == ["f", "g"]


def test_arguments_sent_as_an_object_become_text():
    assert chat(chunk(piece(0, "a", "f", {"x": "é"})))[0].text == '{"x":"é"}'


def test_the_legacy_function_call_is_a_tool_call_without_id():
    events = [
        chunk({"function_call": {"name": "f", "arguments": ""}}),
        chunk({"function_call": {"arguments": "{}"}}),
        chunk({}, finish="function_call"),
    ]
    found = answered(*events)
    assert found.tool_calls == [{"id": None, "name": "f", "arguments": "{}"}]
    assert found.finish_reason == "function_call"
    assert found.complete


def test_a_finish_reason_that_is_repeated_is_told_once_and_a_changed_one_wins():
    reasons = ["stop", "stop", "content_filter"]
    deltas, reader = read("openai_chat", *[chunk({}, finish=reason) for reason in reasons])
    assert kinds(d for d in deltas if d.kind == "finish") == [
        ("finish", "stop"),
        ("finish", "content_filter"),
    ]
    assert answer(deltas, reader).finish_reason == "content_filter"


def test_usage_in_the_finish_chunk_comes_after_the_finish():
    deltas = chat(chunk({"content": ""}, finish="stop", usage={"completion_tokens": 2}))
    assert deltas == [
        Delta("finish", "stop", 0),
        Delta("usage", value={"completion_tokens": 2}),
    ]


def test_usage_with_content_and_finish_in_one_chunk_is_all_read():
    deltas = chat(chunk({"content": "x"}, finish="stop", usage={"completion_tokens": 1}))
    assert [(d.kind, d.n_tokens) for d in deltas] == [
        ("content", 1),
        ("finish", None),
        ("usage", None),
    ]


def test_the_usage_of_groq_stands_in_its_own_corner():
    usage = {"completion_tokens": 3}
    deltas = chat(chunk({}, finish="stop", x_groq={"id": "req_1", "usage": usage}))
    assert deltas[-1] == Delta("usage", value=usage)


def test_the_error_of_groq_in_its_own_corner_is_an_error():
    found = answered(chunk({}, x_groq={"error": "over capacity"}))
    assert found.error == {"message": "over capacity"}


def test_the_timings_of_llamacpp_are_kept_beside_its_usage():
    timings = {"predicted_n": 3, "predicted_ms": 30.3}
    found = answered({"choices": [], "usage": {"completion_tokens": 3}, "timings": timings})
    assert (found.usage, found.timings) == ({"completion_tokens": 3}, timings)


def test_the_timings_of_llamacpp_are_no_usage_but_count_where_there_is_none():
    found = answered(chunk({}, finish="stop", timings={"prompt_n": 5, "predicted_n": 3}))
    assert found.usage is None
    assert found.tokens == (5, 3, None)


def test_timings_on_every_chunk_count_its_tokens():
    events = [chunk({"role": "assistant", "content": None})]
    events += [chunk({"content": "x"}, timings={"predicted_n": n}) for n in (1, 3)]
    deltas, _ = read("openai_chat", *events)
    assert [d.n_tokens for d in deltas if d.kind == "content"] == [1, 2]


def running(*rows):
    """Return the counts that content deltas get from (delta, completion_tokens) rows."""
    events = []
    for delta, count in rows:
        usage = None if count is None else {"completion_tokens": count}
        events.append(chunk(delta, usage=usage))
    return [d.n_tokens for d in chat(*events) if d.kind in ("content", "reasoning")]


def test_a_chunk_with_two_generated_deltas_has_no_count_of_its_own():
    both = {"reasoning": "a", "content": "b"}
    assert running((both, 3), ({"content": "c"}, 4)) == [None, None, 1]


def test_text_since_the_last_count_leaves_the_next_count_undefined():
    rows = [({"content": "a"}, 1), ({"content": "b"}, None), ({"content": "c"}, 5)]
    assert running(*rows, ({"content": "d"}, 6)) == [1, None, None, 1]


def test_a_count_that_goes_back_counts_nothing():
    assert running(({"content": "a"}, 5), ({"content": "b"}, 2), ({"content": "c"}, 3)) == [
        5,
        None,
        1,
    ]


def test_a_count_shared_by_two_choices_is_given_to_none():
    usage = [{"completion_tokens": n} for n in (1, 2)]
    deltas = chat(
        chunk({"content": "a"}, index=0, usage=usage[0]),
        chunk({"content": "b"}, index=1, usage=usage[1]),
    )
    assert [d.n_tokens for d in deltas if d.kind == "content"] == [1, None]


def test_hidden_reasoning_in_a_count_makes_it_undefined():
    details = {"reasoning_tokens": 64}
    usage = {"completion_tokens": 65, "completion_tokens_details": details}
    assert chat(chunk({"content": "a"}, usage=usage))[0].n_tokens is None


def test_reasoning_that_is_sent_may_be_in_the_count():
    events = [
        chunk({"reasoning": "a"}, usage={"completion_tokens": 1, "reasoning_tokens": 1}),
        chunk({"content": "b"}, usage={"completion_tokens": 3, "reasoning_tokens": 1}),
    ]
    assert [d.n_tokens for d in chat(*events) if d.kind != "usage"] == [1, 2]


def with_tokens(delta, **lists):
    event = chunk(delta)
    event["choices"][0].update(lists)
    return chat(event)


def test_logprobs_count_the_tokens_of_their_delta():
    listed = {"content": [{"token": "a"}, {"token": "b"}], "refusal": None}
    assert with_tokens({"content": "ab"}, logprobs=listed) == [Delta("content", "ab", 0, 2)]


def test_logprobs_of_a_refusal_count_the_refusal():
    listed = {"content": None, "refusal": [{"token": "No"}]}
    assert with_tokens({"refusal": "No"}, logprobs=listed) == [Delta("refusal", "No", 0, 1)]


def test_token_ids_count_the_tokens_of_their_delta():
    assert with_tokens({"content": "ab"}, token_ids=[5, 6]) == [Delta("content", "ab", 0, 2)]


def test_empty_logprobs_count_nothing():
    assert with_tokens({"content": "a"}, logprobs={"content": []})[0].n_tokens is None


@pytest.mark.parametrize("name", ["error", "message"])
def test_an_error_object_is_an_error_whatever_the_event_is_called(name):
    failure = {"message": "Overloaded", "code": 529}
    deltas, reader = read("openai_chat", (name, {"error": failure}))
    assert deltas == [Delta("error", "Overloaded", value=failure)]
    assert reader.failed


def test_an_error_that_is_a_sentence_becomes_an_object():
    assert answered({"error": "no memory"}).error == {"message": "no memory"}


def test_an_event_called_error_is_an_error_though_it_is_no_json():
    assert chat(("error", "Internal Server Error"))[0] == Delta(
        "error", "Internal Server Error", value={"message": "Internal Server Error"}
    )


def test_a_flat_error_object_is_an_error():
    flat = {"object": "error", "message": "bad request", "code": 400}
    assert chat(flat) == [Delta("error", "bad request", value=flat)]


def test_an_error_inside_a_choice_is_an_error():
    event = chunk({"content": ""}, finish="error")
    event["choices"][0]["error"] = {"code": 502, "message": "upstream"}
    assert kinds(chat(event)) == [("error", "upstream"), ("finish", "error")]


@pytest.mark.parametrize("reason", ["error", "abort", "insufficient_system_resource"])
def test_a_finish_reason_that_names_a_failure_is_no_success(reason):
    assert (
        answered(chunk({"content": "x"}), chunk({}, finish=reason), "[DONE]").complete is False
    )


@pytest.mark.parametrize("reason", ["stop", "length", "tool_calls", "content_filter"])
def test_every_other_finish_reason_makes_a_stream_complete(reason):
    assert answered(chunk({"content": "x"}), chunk({}, finish=reason)).complete is True


def test_done_after_an_error_proves_nothing():
    found = answered(chunk({"content": "x"}), {"error": {"message": "m"}}, "[DONE]")
    assert (found.complete, found.terminator) == (False, "[DONE]")


def test_done_alone_proves_nothing():
    assert answered("[DONE]").complete is False


def test_a_missing_done_proves_nothing():
    found = answered(chunk({"content": "x"}), chunk({}, finish="stop"))
    assert (found.complete, found.terminator) == (True, None)


def test_a_stream_of_two_choices_is_complete_only_when_both_have_finished():
    events = [chunk({"content": "a"}, index=0), chunk({"content": "b"}, index=1)]
    events.append(chunk({}, index=1, finish="stop"))
    assert answered(*events).complete is False
    assert answered(*events, chunk({}, index=0, finish="stop")).complete is True


@pytest.mark.parametrize("event", [("ping", ""), ("ping", "{}"), {"type": "ping"}])
def test_a_ping_is_a_ping(event):
    assert chat(event) == [Delta("ping")]


def test_the_results_of_the_prompt_filter_are_an_annotation():
    assert chat({"choices": [], "prompt_filter_results": [{}]}) == [
        Delta("annotation", "prompt_filter_results")
    ]


def test_annotations_of_a_delta_are_an_annotation():
    assert chat(chunk({"annotations": [{"type": "url_citation"}]})) == [
        Delta("annotation", "annotations", 0)
    ]


def test_a_json_value_padded_with_spaces_is_read():
    assert kinds(chat(f"  {json.dumps(chunk({'content': 'x'}))}  ")) == [("content", "x")]


def test_half_a_surrogate_pair_becomes_a_replacement_character():
    whole = '{"choices":[{"delta":{"content":"\\ud83d\\udc4b"}}]}'
    half = '{"choices":[{"delta":{"content":"a\\uD83D"}}]}'
    deltas, reader = read("openai_chat", whole, half)
    assert [delta.text for delta in deltas + reader.close()] == ["👋", "a", "\ufffd"]


def test_the_request_of_the_user_is_exactly_theirs():
    prompt = "Count to 10, with a comma between each number and no newlines. E.g., 1, 2, 3, ..."
    ask = dialect_named("openai_chat").ask(
        "gpt-4o-mini", [{"role": "user", "content": prompt}], {"temperature": 0}
    )
    assert ask.path == "/chat/completions"
    assert ask.json == {
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": prompt}],
        "stream": True,
        "temperature": 0,
    }
    assert (ask.headers, ask.params) == ({}, {})


def test_further_fields_of_a_request_win():
    ask = dialect_named("openai_chat").ask(
        "m", [], {"model": "n", "stream_options": {"include_usage": True}}
    )
    assert ask.json["model"] == "n"
    assert ask.json["stream_options"] == {"include_usage": True}
