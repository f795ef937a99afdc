"""What both stacks must send alike: messages by group, compared without what must differ."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

# Times of messages are compared as they are, and relative to what caused them: the group's message
# before, and the newest change of an alert as the stack saw it. Slack's messages do not say that one;
# the first message of the stack in the same step of the scenario takes its place. One of them must
# agree. What is left is the work of a busy machine.
TOLERANCE_S = 1.0
# Absolute times differ by the phases of scraping (every 500 ms) and evaluation (every second), which
# each stack chooses by hashes of its own.
PHASES_S = 1.5

# The job of alerts of Glasshouse about itself. They have the receiver `nobody`.
OWN = "glasshouse"
ZERO_TIME = "0001-01-01T00:00:00Z"

# The interval of all groups of the scenario.
GROUP_INTERVAL_S = 8.0

# What Glasshouse does like a newer Alertmanager than Debian's 0.25; fields by their names.
EXPLAINED = {
    "notification_reason": "webhooks name the reason of a notification",
    "routeLabels": "webhooks and groups have the labels of their route",
    "mutedBy": "alerts that a time interval mutes are suppressed, and name the interval",
    "empty group": "a group ends with its last alert; 0.25 keeps it, with its times, for up to 30 s",
}


@dataclass
class Message:
    """A notification as it came."""

    at: float
    body: dict
    # When the first message of its stack in the same step of the scenario came.
    first_at: float
    # What is compared exactly.
    content: object = None
    # The times of alerts in it, in seconds since 1970, in the order of the message; 0 if there is none.
    times: list[float] = field(default_factory=list)


def seconds(text: str) -> float:
    return 0.0 if text == ZERO_TIME else datetime.fromisoformat(text).timestamp()


def read(message: Message, behind: str) -> str:
    """Reads the body, and returns the key of the group. `behind` is the URL of the receivers."""

    def same(value):
        if isinstance(value, dict):
            return {key: same(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [same(inner) for inner in value]
        return value.replace(behind, "BEHIND") if isinstance(value, str) else value

    content = same(message.body)
    message.content = content
    if "channel" in content:
        # Slack's messages do not name the group: each group of the scenario has a channel.
        return content["channel"]
    for alert in content["alerts"]:
        message.times += [seconds(alert.pop(name)) for name in ("startsAt", "endsAt")]
    return content["groupKey"]


def by_group(received: list, stack: str, behind: str, steps: list[float]) -> dict:
    """The messages of a stack by receiver and group, in the order in which they came."""
    found, first_of = {}, {}
    for sender, receiver, at, body in received:
        if sender == stack:
            step = max((step for step in steps if step <= at), default=0.0)
            message = Message(at, body, first_of.setdefault(step, at))
            found.setdefault((receiver, read(message, behind)), []).append(message)
    return found


def times(message: Message, before: Message | None) -> list[float]:
    """When a message came, since 1970 and since each possible cause."""
    found = [message.at]
    found.append(message.at - max(message.times) if any(message.times) else message.at - message.first_at)
    if before is not None:
        found.append(message.at - before.at)
    return found


class Comparison:
    """Counts what is equal, and prints what is not."""

    def __init__(self):
        self.counts = Counter()
        self.rows = []
        self.explained = set()
        self.largest_s = {"relative": 0.0, "absolute": 0.0}

    def differs(self, where: str, what: str, ours, theirs) -> None:
        self.counts["different"] += 1
        print(f"DIFFERENT {what}: {where}\n  ours:   {ours}\n  theirs: {theirs}")

    def older(self, ours, theirs):
        """Our value without what an older Alertmanager does not say."""
        if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
            return [self.older(a, b) for a, b in zip(ours, theirs)]
        if not isinstance(ours, dict) or not isinstance(theirs, dict):
            return ours
        newer = {key for key in ours if key in EXPLAINED and key not in theirs}
        self.explained |= {key for key in newer if ours[key] != []}
        kept = {key: self.older(ours[key], theirs.get(key)) for key in ours if key not in newer}
        if "mutedBy" in newer and ours["mutedBy"]:
            kept["state"] = "active"
        return kept

    def group(self, where: str, ours: list, theirs: list, start: float) -> None:
        """Compares all messages of one group."""
        before = self.counts["different"]
        if len(ours) != len(theirs):
            shown = [[(round(m.at - start, 1), summary(m)) for m in side] for side in (ours, theirs)]
            self.differs(where, "number of messages", *shown)
        previous = (None, None)
        for number, pair in enumerate(zip(ours, theirs), 1):
            self.message(f"{where} #{number}", pair, previous, start)
            previous = pair
        verdict = "equal" if self.counts["different"] == before else "DIFFERENT"
        self.rows.append((where, len(ours), len(theirs), verdict))

    def message(self, where: str, pair: tuple, previous: tuple, start: float) -> None:
        """Compares one message with its counterpart."""
        ours, theirs = pair
        content = self.older(ours.content, theirs.content)
        if content != theirs.content:
            return self.differs(where, "content", *difference(content, theirs.content))
        pairs = zip(*(times(m, before) for m, before in zip(pair, previous)))
        relative = min(abs(a - b) for a, b in pairs)
        absolute = abs(ours.at - theirs.at)
        if relative > TOLERANCE_S or absolute > TOLERANCE_S + PHASES_S:
            was_empty = previous[0] is not None and previous[0].body.get("status") == "resolved"
            if was_empty and absolute <= GROUP_INTERVAL_S + PHASES_S:
                self.explained.add("empty group")
                self.counts["explained"] += 1
                return None
            return self.differs(where, "time", *(round(m.at - start, 2) for m in pair))
        for a, b in zip(ours.times, theirs.times):
            if (a == 0) != (b == 0) or abs(a - b) > TOLERANCE_S + PHASES_S:
                return self.differs(where, "startsAt and endsAt", ours.times, theirs.times)
        for name, value in (("relative", relative), ("absolute", absolute)):
            self.largest_s[name] = max(self.largest_s[name], value)
        self.counts["equal messages"] += 1
        return None

    def state(self, when: str, ours: dict, theirs: dict) -> None:
        """Compares what the APIs answer."""
        for name, answer in ours.items():
            answer = self.older(answer, theirs[name])
            if answer == theirs[name]:
                self.counts["equal answers"] += 1
            else:
                self.differs(f"{name} {when}", "answer", *difference(answer, theirs[name]))

    def report(self) -> int:
        """Prints the table and returns how many differ."""
        print(f"\n{'ours':>4} {'theirs':>6}  group")
        for where, ours, theirs, verdict in self.rows:
            print(f"{ours:>4} {theirs:>6}  {verdict}: {where}")
        for name in sorted(self.explained):
            print(f"explained: {name}: {EXPLAINED[name]}")
        largest = ", ".join(f"{name} {value:.2f} s" for name, value in self.largest_s.items())
        print(f"largest differences of times: {largest}")
        counts = {"equal messages": 0, "equal answers": 0, "explained": 0, "different": 0} | self.counts
        print(", ".join(f"{name} {count}" for name, count in counts.items()))
        return self.counts["different"]


def summary(message: Message) -> str:
    body = message.body
    if "alerts" not in body:
        return body["attachments"][0].get("title", "")
    alerts = (f"{alert['labels'].get('host')} {alert['status']}" for alert in body["alerts"])
    return ", ".join(alerts)


def difference(ours, theirs) -> tuple:
    """The parts of two values that differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        sides = ({}, {})
        for key in {**ours, **theirs}:
            if ours.get(key) != theirs.get(key):
                inner = difference(ours.get(key), theirs.get(key))
                for side, value in zip(sides, inner):
                    side[key] = value
        return sides
    if isinstance(ours, list) and isinstance(theirs, list):
        if len(ours) != len(theirs):
            return [a for a in ours if a not in theirs], [b for b in theirs if b not in ours]
        differing = [difference(a, b) for a, b in zip(ours, theirs) if a != b]
        return [a for a, _ in differing], [b for _, b in differing]
    return ours, theirs


def state(stack) -> dict:
    """What the API of a stack answers, without times and random ids."""
    names = {silence: name for name, silence in stack.silences.items()}

    def alert(one: dict) -> dict:
        skipped = ("startsAt", "endsAt", "updatedAt", "status")
        kept = {key: value for key, value in one.items() if key not in skipped}
        status = dict(one["status"])
        status["silencedBy"] = sorted(names.get(silence, silence) for silence in status["silencedBy"])
        return {**kept, "status": status}

    def group(one: dict) -> dict:
        return {**one, "alerts": sorted(map(alert, one["alerts"]), key=lambda a: a["fingerprint"])}

    def silence(one: dict) -> dict:
        kept = ("comment", "createdBy", "matchers", "status")
        return {key: one[key] for key in kept}

    alerts = [alert(one) for one in stack.get("alerts") if one["labels"].get("job") != OWN]
    groups = [group(one) for one in stack.get("alerts/groups") if one["receiver"]["name"] != "nobody"]
    return {
        "alerts": sorted(alerts, key=lambda a: a["fingerprint"]),
        "groups": sorted(groups, key=lambda g: (str(g["labels"]), str(g["receiver"]))),
        "silences": sorted(map(silence, stack.get("silences")), key=lambda s: s["comment"]),
        "receivers": sorted(one["name"] for one in stack.get("receivers")),
    }
