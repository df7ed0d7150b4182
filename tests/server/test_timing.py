"""On time: lateness from the lab's own log.  Generous here; exact in the benchmark."""

import time
from itertools import pairwise

import pytest

from tests.server.asking import ask, lateness_ms, log_of


def test_a_stream_is_on_time(http, lab):
    late_ms = []
    for scenario in ("steady", "count-to-ten"):
        late_ms += lateness_ms(log_of(http, lab, ask(http, lab, scenario)))

    late_ms.sort()
    assert late_ms[0] >= 0
    assert late_ms[len(late_ms) // 2] < 2.0


def test_times_count_from_the_arrival_of_the_request(http, lab):
    before_ns = time.perf_counter_ns()
    response = ask(http, lab, "steady")
    after_ns = time.perf_counter_ns()
    due = log_of(http, lab, response)["due"]

    assert before_ns < due[0][1] - 200_000_000
    assert due[-1][1] - due[0][1] == 41 * 20_000_000
    assert due[-1][1] < after_ns


def test_a_late_start_is_not_carried_on(http, lab):
    """Deadlines are absolute: the sum of the gaps is the sum that was due."""
    log = log_of(http, lab, ask(http, lab, "steady", n_events=100, step_ms=5))
    (_, first), (_, last) = log["sent"][0], log["sent"][-1]

    assert (last - first) / 1e6 == pytest.approx(101 * 5, abs=10)


def test_speed_divides_all_times(http, fast_lab):
    due = log_of(http, fast_lab, ask(http, fast_lab, "steady", speed=2))["due"]

    gaps_ns = [b[1] - a[1] for a, b in pairwise(due)]
    assert set(gaps_ns) == {500_000}


def test_nothing_is_received_before_it_was_sent(lab, http):
    body = {"model": "steady", "stream": True}
    with http.stream("POST", f"{lab.base_url}/chat/completions", json=body) as response:
        arrivals = [(len(piece), time.perf_counter_ns()) for piece in response.iter_raw()]
    sent = dict(log_of(http, lab, response)["sent"])
    end, checked = 0, 0
    for n_bytes, t_ns in arrivals:
        end += n_bytes
        if end in sent:
            checked += 1
            assert sent[end] < t_ns

    assert checked >= 40
