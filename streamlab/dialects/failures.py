"""The error in an event, in the forms of many servers."""

from streamlab.dialects.reading import JSONObject, a_dict, a_list, a_text

# The keys of an error's message, and of its code.
MESSAGES = ("message", "msg", "status_msg", "error_msg", "errorMessage", "detail")
_CODES = ("code", "error_code", "errorCode", "status_code", "statusCode", "__type")
# What some servers write where they have no error, in lower case.
_FINE = frozenset({"0", "200", "ok", "success", "none", "null", "undefined"})


def failure_of(event: JSONObject) -> object:
    """Return the error in an event; None if the event has none."""
    base, failure = a_dict(event.get("base_resp")), event.get("error")
    if any(failure.values()) if isinstance(failure, dict) else not _is_fine(failure):
        return failure
    if not _is_fine(base.get("status_code")):  # MiniMax
        return base
    if listed := a_list(event.get("errors")):  # Cloudflare
        return listed[0]
    for key, value in event.items():  # Amazon's exception is the value of its name
        if key.endswith("Exception") and isinstance(value, dict):
            return {"type": key, **value}
    if event.get("choices") or "error" not in (a_text(event.get("type")).lower() or "error"):
        return None
    # DashScope, Databricks, Amazon and Zhipu, then Baidu and FastAPI.
    failed = event.get("success") is False or event.get("status") in ("error", "failed")
    coded = failed or not all(_is_fine(event.get(key)) for key in _CODES)
    said = coded and any(a_text(event.get(key)) for key in MESSAGES)
    return event if said or event.get("error_msg") or [*event] == ["detail"] else None


def _is_fine(code: object) -> bool:
    return not code or str(code).lower() in _FINE
