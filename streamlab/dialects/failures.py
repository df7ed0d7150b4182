"""The error in an event, in the forms of many servers."""

from __future__ import annotations

from streamlab.dialects.reading import JSONObject, a_dict, a_list, a_text


def failure_of(event: JSONObject) -> object:
    """Return the error in an event; None if the event has none."""
    base = a_dict(event.get("base_resp"))
    listed = a_list(event.get("errors"))
    return (
        event.get("error")
        or (base if base.get("status_code") else None)  # MiniMax; 0 is success
        or (listed[0] if listed else None)  # Cloudflare
        or _named(event)
        or (event if _is_flat(event) else None)
    )


def _named(event: JSONObject) -> JSONObject | None:
    """Return Amazon's exception, which is the value of its name: ``throttlingException``."""
    for key, value in event.items():
        if key.endswith("Exception") and isinstance(value, dict):
            return {"type": key, **value}
    return None


def _is_flat(event: JSONObject) -> bool:
    """Return whether an event is an error and nothing else: DashScope, Baidu, FastAPI."""
    if "choices" in event or "type" in event:
        return False
    coded = event.get("code") and a_text(event.get("message"))
    return bool(coded or event.get("error_msg") or (len(event) == 1 and event.get("detail")))
