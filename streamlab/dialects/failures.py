"""The error in an event, in the forms of many servers."""

from streamlab.dialects.reading import JSONObject, a_dict, a_list, a_text


def failure_of(event: JSONObject) -> object:
    """Return the error in an event; None if the event has none."""
    base = a_dict(event.get("base_resp"))
    if event.get("error") or str(base.get("status_code") or 0) != "0":  # MiniMax
        return event.get("error") or base
    if listed := a_list(event.get("errors")):  # Cloudflare
        return listed[0]
    for key, value in event.items():  # Amazon's exception is the value of its name
        if key.endswith("Exception") and isinstance(value, dict):
            return {"type": key, **value}
    if "choices" in event or "type" in event:
        return None
    coded = event.get("code") and a_text(event.get("message"))  # DashScope, then Baidu, FastAPI
    alone = len(event) == 1 and event.get("detail")
    return event if coded or event.get("error_msg") or alone else None
