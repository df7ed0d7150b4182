"""The special cases of the other providers, one small test each."""

from __future__ import annotations

import pytest

from streamlab.dialects import Delta, answer
from tests.dialects.streams import follow, read, transcript, whole_answer


def answered(dialect, *events):
    return answer(*read(dialect, *events))


# OpenAI Responses ---------------------------------------------------------------------


def said(text, **more):
    return {"type": "response.output_text.delta", "delta": text, **more}


def ended(status, **response):
    return {"type": f"response.{status}", "response": {"status": status, **response}}


def test_responses_without_event_lines_and_with_done_are_read():
    found = answered("openai_responses", said("Hi"), ended("completed"), "[DONE]")
    assert (found.text, found.terminator, found.complete) == ("Hi", "response.completed", True)


def test_the_type_in_the_json_counts_not_the_event_line():
    deltas, _ = read("openai_responses", ("response.created", said("Hi")))
    assert deltas == [Delta("content", "Hi")]


def test_the_event_line_counts_where_the_json_has_no_type():
    deltas, _ = read("openai_responses", ("response.output_text.delta", {"delta": "Hi"}))
    assert deltas == [Delta("content", "Hi")]


def test_data_before_the_event_line_is_read():
    body, _ = transcript("bedrock_mantle_responses")
    assert body.startswith(b"data:")
    assert whole_answer(follow([body], "openai_responses")).text == "First"


def test_an_incomplete_response_is_finished_and_says_why():
    why = {"reason": "max_output_tokens"}
    deltas, reader = read("openai_responses", ended("incomplete", incomplete_details=why))
    assert deltas == [Delta("finish", "incomplete", 0, value=why)]
    assert answer(deltas, reader).complete is True


def test_a_failed_response_is_an_error_where_no_error_came_before():
    failure = {"code": "server_error", "message": "Sorry"}
    found = answered("openai_responses", said("Hi"), ended("failed", error=failure))
    assert (found.error, found.finish_reason, found.complete) == (failure, "failed", False)


def test_a_response_that_fails_without_an_error_is_no_success():
    assert answered("openai_responses", ended("failed", error=None)).complete is False


def test_an_error_event_without_anything_in_it_is_an_error():
    assert answered("openai_responses", {"type": "error"}).error == {"type": "error"}


@pytest.mark.parametrize("name", ["reasoning_summary_text", "reasoning_text", "reasoning"])
def test_reasoning_of_a_response_has_several_names(name):
    deltas, _ = read("openai_responses", {"type": f"response.{name}.delta", "delta": "Hm"})
    assert deltas == [Delta("reasoning", "Hm")]


def test_a_refusal_of_a_response_is_its_own_kind():
    deltas, _ = read("openai_responses", {"type": "response.refusal.delta", "delta": "No."})
    assert deltas == [Delta("refusal", "No.")]


def test_logprobs_of_a_response_count_its_tokens_and_empty_ones_nothing():
    listed = [{"token": "a"}, {"token": "b"}]
    deltas, _ = read("openai_responses", said("ab", logprobs=listed), said("c", logprobs=[]))
    assert [delta.n_tokens for delta in deltas] == [2, None]


def test_a_custom_tool_call_is_a_tool_call():
    item = {"type": "custom_tool_call", "call_id": "c1", "name": "sh", "input": ""}
    events = [
        {"type": "response.output_item.added", "output_index": 1, "item": item},
        {"type": "response.custom_tool_call_input.delta", "output_index": 1, "delta": "ls"},
    ]
    found = answered("openai_responses", *events)
    assert found.tool_calls == [{"id": "c1", "name": "sh", "arguments": "ls"}]


def test_a_tool_call_that_opens_with_its_arguments_keeps_them():
    item = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}
    event = {"type": "response.output_item.added", "output_index": 0, "item": item}
    assert read("openai_responses", event)[0] == [
        Delta("tool_call", "{}", 0, None, 0, "c1", "f")
    ]


def test_a_response_that_ends_without_a_status_is_named_by_its_event():
    found = answered("openai_responses", {"type": "response.completed"})
    assert (found.finish_reason, found.complete) == ("completed", True)


def test_an_annotation_of_a_response_is_an_annotation():
    name = "response.output_text.annotation.added"
    assert read("openai_responses", {"type": name})[0] == [Delta("annotation", name)]


@pytest.mark.parametrize(
    "dialect", ["openai_responses", "anthropic", "cohere", "lmstudio_native"]
)
def test_an_unknown_event_is_one_meta_with_its_name(dialect):
    deltas, _ = read(dialect, {"type": "brand.new", "delta": "x"}, ("newer", "no json"))
    assert deltas == [Delta("meta", "brand.new"), Delta("meta", "newer")]


@pytest.mark.parametrize(
    "dialect", ["anthropic", "openai_responses", "cohere", "gemini", "ollama"]
)
def test_an_error_object_without_a_type_is_an_error(dialect):
    found = answered(dialect, {"error": {"message": "Bad gateway"}})
    assert (found.error, found.complete) == ({"message": "Bad gateway"}, False)


@pytest.mark.parametrize("dialect", ["anthropic", "openai_responses", "cohere", "gemini"])
def test_an_event_called_error_that_is_no_json_is_an_error(dialect):
    assert answered(dialect, ("error", "upstream died")).error == {"message": "upstream died"}


# Anthropic ----------------------------------------------------------------------------


def block(**fields):
    return {"type": "content_block_start", "index": 1, "content_block": fields}


def fragment(kind, **fields):
    return {"type": "content_block_delta", "index": 1, "delta": {"type": kind, **fields}}


def stop(reason, usage=None, **delta):
    return {"type": "message_delta", "delta": {"stop_reason": reason, **delta}, "usage": usage}


def test_usage_is_merged_and_null_does_not_undo_what_was_said():
    start = {
        "role": "assistant",
        "usage": {"input_tokens": 11, "output_tokens": 1, "tier": None},
    }
    later = {"input_tokens": None, "output_tokens": 6}
    found = answered(
        "anthropic", {"type": "message_start", "message": start}, stop("end_turn", later)
    )
    assert found.usage == {"input_tokens": 11, "output_tokens": 6, "tier": None}


def test_each_usage_delta_keeps_what_was_known_then():
    events = [stop(None, {"output_tokens": n}) for n in (1, 2)]
    assert [delta.value for delta in read("anthropic", *events)[0]] == [
        {"output_tokens": 1},
        {"output_tokens": 2},
    ]


def test_a_refusal_of_anthropic_says_why_in_its_finish():
    deltas, reader = read("anthropic", stop("refusal", stop_details={"category": "cyber"}))
    assert deltas == [Delta("finish", "refusal", 0, value={"category": "cyber"})]
    assert answer(deltas, reader).complete is True


def test_a_message_that_stops_without_a_reason_is_not_complete():
    found = answered("anthropic", fragment("text_delta", text="Hi"), {"type": "message_stop"})
    assert (found.complete, found.terminator) == (False, "message_stop")


def test_an_empty_fragment_of_text_adds_nothing():
    assert read("anthropic", fragment("text_delta", text=""))[0] == []


def test_a_block_that_opens_with_text_is_content():
    assert read("anthropic", block(type="text", text="Hi"))[0] == [Delta("content", "Hi")]


@pytest.mark.parametrize("kind", ["tool_use", "server_tool_use", "mcp_tool_use"])
def test_every_kind_of_tool_use_opens_a_tool_call(kind):
    deltas, _ = read("anthropic", block(type=kind, id="t1", name="f", input={}))
    assert deltas == [Delta("tool_call", "", 0, None, 1, "t1", "f")]


def test_citations_are_annotations():
    deltas, _ = read("anthropic", fragment("citations_delta", citation={}))
    assert deltas == [Delta("annotation", "citations_delta")]


def test_an_unknown_fragment_is_unread():
    assert read("anthropic", fragment("newest_delta"))[0] == [
        Delta("unread", "delta.newest_delta")
    ]


# Gemini -------------------------------------------------------------------------------


def parts(*given, finish=None, count=None, index=0):
    candidate = {"content": {"parts": list(given)}, "index": index}
    if finish:
        candidate["finishReason"] = finish
    usage = {} if count is None else {"usageMetadata": {"candidatesTokenCount": count}}
    return {"candidates": [candidate], **usage}


def test_a_blocked_prompt_has_no_candidates_and_its_reason_is_the_finish():
    feedback = {"blockReason": "PROHIBITED_CONTENT"}
    deltas, reader = read("gemini", {"promptFeedback": feedback})
    assert deltas == [Delta("finish", "PROHIBITED_CONTENT", 0, value=feedback)]
    assert answer(deltas, reader).complete is True


def test_the_difference_of_cumulative_usage_counts_the_content_between():
    events = [parts({"text": "a"}, count=5), parts({"text": "b"}, count=23), parts(count=23)]
    assert [d.n_tokens for d in read("gemini", *events)[0] if d.kind == "content"] == [5, 18]


def test_a_count_shared_by_two_candidates_is_given_to_none():
    events = [parts({"text": "a"}, index=1), parts({"text": "b"}, count=0), parts(count=1)]
    events.append(parts({"text": "c"}, count=3))
    assert {delta.n_tokens for delta in read("gemini", *events)[0]} == {None}


def test_thoughts_are_never_counted_for_they_are_a_summary():
    thought = parts({"text": "Hm", "thought": True}, count=0)
    thought["usageMetadata"]["thoughtsTokenCount"] = 185
    deltas, _ = read("gemini", thought, parts({"text": "a"}, count=2))
    assert [(d.kind, d.n_tokens) for d in deltas if d.text] == [
        ("reasoning", None),
        ("content", 2),
    ]


def test_an_unframed_error_shows_only_in_the_lines():
    body, _ = transcript("gemini_error_unframed")
    follower = follow([body], "gemini")
    assert whole_answer(follower).error is None
    assert whole_answer(follower).complete is False
    assert b'"error": {' in bytes(follower.body)


def test_an_error_in_a_list_of_one_is_an_error():
    assert answered("gemini", [{"error": {"message": "no"}}]).error == {"message": "no"}


def test_calls_of_gemini_are_numbered_and_may_have_ids():
    calls = [{"functionCall": {"name": n, "args": {}, "id": n}} for n in "ab"]
    deltas, _ = read("gemini", parts(calls[0]), parts(calls[1]))
    assert [(d.index, d.id, d.text) for d in deltas] == [(0, "a", "{}"), (1, "b", "{}")]


def test_other_parts_and_sources_are_annotations():
    event = parts({"executableCode": {"code": "1"}})
    event["candidates"][0]["groundingMetadata"] = {"webSearchQueries": ["x"]}
    deltas, _ = read("gemini", event)
    assert [d.text for d in deltas] == ["executableCode", "groundingMetadata"]


def test_two_candidates_must_both_finish():
    events = [parts({"text": "a"}), parts({"text": "b"}, index=1), parts(finish="STOP")]
    assert answered("gemini", *events).complete is False
    assert answered("gemini", *events, parts(finish="STOP", index=1)).complete is True


# Ollama, Cohere, LM Studio ------------------------------------------------------------


def test_generate_has_no_message_around_its_text():
    events = [
        {"response": "Hi", "thinking": "Hm", "done": False},
        {"response": "", "done": True},
    ]
    found = answered("ollama", *events)
    assert (found.text, found.reasoning, found.complete) == ("Hi", "Hm", True)


def test_an_old_server_is_done_without_a_reason():
    found = answered("ollama", {"message": {"content": "Hi"}, "done": False}, {"done": True})
    assert (found.complete, found.finish_reason, found.terminator) == (True, None, "done:true")


def test_logprobs_of_ollama_count_its_tokens():
    event = {"message": {"content": "ab"}, "logprobs": [{"token": "a"}, {"token": "b"}]}
    assert read("ollama", event)[0] == [Delta("content", "ab", 0, 2)]


def test_several_calls_of_ollama_are_numbered():
    calls = [{"function": {"name": n, "arguments": {}}} for n in "ab"]
    deltas, _ = read("ollama", {"message": {"tool_calls": calls}})
    assert [(d.index, d.name) for d in deltas] == [(0, "a"), (1, "b")]


@pytest.mark.parametrize("reason", ["ERROR", "TIMEOUT"])
def test_a_message_of_cohere_that_ends_in_a_failure_is_no_success(reason):
    end = {"type": "message-end", "delta": {"finish_reason": reason, "error": "broke"}}
    found = answered("cohere", end, "[DONE]")
    assert (found.error, found.finish_reason, found.complete) == (
        {"message": "broke"},
        reason,
        False,
    )


def test_a_message_of_cohere_that_fails_without_saying_why_is_no_success():
    end = {"type": "message-end", "delta": {"finish_reason": "ERROR"}}
    assert answered("cohere", end, "[DONE]").complete is False


def test_token_ids_of_cohere_count_its_tokens():
    content = {"delta": {"message": {"content": {"text": "ab"}}}}
    event = {"type": "content-delta", **content, "logprobs": {"token_ids": [1, 2]}}
    assert read("cohere", event)[0] == [Delta("content", "ab", n_tokens=2)]


def test_a_citation_of_cohere_is_an_annotation():
    assert read("cohere", {"type": "citation-start"})[0] == [
        Delta("annotation", "citation-start")
    ]


def test_a_tool_call_of_lmstudio_is_told_in_two_events():
    events = []
    for tool in "ab":
        events.append({"type": "tool_call.start", "tool": tool})
        events.append({"type": "tool_call.arguments", "tool": tool, "arguments": {"n": 1}})
    assert [delta.index for delta in read("lmstudio_native", *events)[0]] == [0, 0, 1, 1]
    assert answered("lmstudio_native", *events).tool_calls == [
        {"id": None, "name": tool, "arguments": '{"n":1}'} for tool in "ab"
    ]


def test_an_error_of_lmstudio_stays_one_though_the_chat_ends():
    failure = {"type": "internal_error", "message": "Compute error."}
    found = answered(
        "lmstudio_native", {"type": "error", "error": failure}, {"type": "chat.end"}
    )
    assert (found.error, found.terminator, found.complete) == (failure, "chat.end", False)
