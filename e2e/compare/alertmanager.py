"""The same data, rules and `alertmanager.yml` in Debian's Prometheus with Alertmanager and in Glasshouse.

Both run through one scenario of about two and a half minutes at the same time. The messages that a
webhook and a server in the shape of Slack's get must be the same, in the same groups and at the same
times. Prints a table, and each difference; ends with status 1 if there is one.
`cargo xtask compare alertmanager` runs it.

GLASSHOUSE_BINARY, GLASSHOUSE_PORT_OFFSET   the binary under comparison and where it listens
PROMETHEUS_BINARY, ALERTMANAGER_BINARY      the real ones, with amtool beside the second
"""

import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path

from alertmanager_config import FRESH_S, RULES, TEMPLATE, alertmanager_yml
from alertmanager_messages import Comparison, by_group, state
from alertmanager_stacks import ALERTMANAGER, Behind, Ours, Theirs, mute_times, start_both

class Scenario:
    """What happens when. A group is flushed each 8 seconds, from 1 to 3 seconds after its first alert.

    Groups begin at multiples of 8 seconds, or 4 seconds later, and change at the other ones: no change
    comes so close to a flush that it is before it in one stack and after it in the other.
    """

    def __init__(self, folder: Path):
        self.behind = Behind()
        amtool = str(Path(ALERTMANAGER).with_name("amtool"))
        self.stacks = [Ours(folder, amtool, self.behind), Theirs(folder, amtool, self.behind)]
        # One is tried again at once, the other with the next flush.
        self.behind.failures = {"flaky": (503, 1), "refused": (400, 2)}
        self.behind.delays_s = {"slow": 5}
        self.folder = folder
        self.loads = {}
        self.steps = []
        self.comparison = Comparison()
        self.origin = 0.0
        self.mute_end = "24:00"

    def load(self, case: str, hosts: str, value: float | None = 7, zone: str = "x") -> None:
        """Sets the load of hosts; `None` ends their series."""
        for host in hosts.split():
            self.loads[case, host, zone] = value

    def show(self) -> None:
        """Publishes the loads."""
        lines = ["beat 1"]
        for (case, host, zone), value in self.loads.items():
            if value is not None:
                lines.append(f'load{{case="{case}",host="{host}",zone="{zone}"}} {value}')
        self.behind.page = "\n".join([*lines, ""])
        self.steps.append(time.time())

    def at(self, second: float) -> None:
        """Waits for a second of the part of the scenario."""
        wait = self.origin + second - time.time()
        assert wait > -1, f"the machine is too slow: {-wait:.1f} s late at {second} s"
        time.sleep(max(0, wait))

    def configure(self, is_late: bool = False) -> None:
        """Writes the files of both."""
        rules = self.folder / "rules.yml"
        rules.write_text(RULES)
        for stack in self.stacks:
            stack.configure(rules, alertmanager_yml(self.mute_end, is_late), TEMPLATE)

    def reload(self) -> None:
        for stack in self.stacks:
            stack.reload()
        self.steps.append(time.time())

    def silence(self, name: str, *matchers: str) -> None:
        for stack in self.stacks:
            stack.silence(name, *matchers)

    def expire(self, name: str) -> None:
        for stack in self.stacks:
            stack.expire(name)

    def post(self, second: float, *labels: str) -> None:
        """Sends an alert that ends at a second of the scenario."""
        end = datetime.fromtimestamp(self.origin + second, timezone.utc)
        for stack in self.stacks:
            stack.amtool("alert", "add", *labels, "--annotation=by=amtool", f"--end={end:%FT%TZ}")
        self.steps.append(time.time())

    def check(self, when: str) -> None:
        """Compares the answers of the APIs."""
        self.comparison.state(when, *(state(stack) for stack in self.stacks))

    def run(self) -> None:
        self.configure()
        start_both(self.stacks)
        self.origin, self.mute_end = mute_times(datetime.now(timezone.utc))
        self.configure()
        self.reload()
        self.silence("early", "case=silence", "host=early")
        self.before_the_crash()
        for stack in self.stacks:
            stack.kill()
        self.behind.page = None
        time.sleep(FRESH_S + 1)
        start_both(self.stacks)
        self.origin = time.time() + 1
        self.after_the_crash()

    def before_the_crash(self) -> None:
        self.at(0)
        self.load("group", "a b")
        self.load("group", "c", zone="y")
        self.load("repeat", "r")
        self.load("inhibit", "target")
        self.load("inhibit", "target", zone="y")
        self.load("inhibit", "source", 9, zone="y")
        self.load("silence", "early s t gone")
        self.load("mute", "m")
        self.load("active", "n")
        self.load("slack", "k")
        self.load("slack", "i", 9, zone="y")
        self.load("both", "w", 9)
        self.load("nested", "o")
        self.load("nested", "p", 9, zone="y")
        self.load("unresolved", "u1 u2")
        self.load("flap", "f")
        self.load("change", "g")
        self.load("all", "q1 q2")
        self.load("few", "v1 v2 v3")
        self.load("for", "h")
        self.load("late", "l")
        self.load("flaky", "y")
        self.load("refused", "z")
        self.load("slow", "j")
        self.show()

        self.at(4)
        self.load("group", "a", 1)
        self.load("group", "d", 5.5)
        self.load("inhibit", "source", 9)
        self.load("unresolved", "u1", 1)
        self.load("flap", "f", 1)
        self.show()
        self.post(28, "alertname=Posted", "case=posted", "host=w")
        self.at(6.5)
        self.load("flap", "f", 7)
        self.show()
        self.at(10)
        self.check("after 10 s")

        self.at(12)
        self.load("change", "g", 9.5)
        self.load("slack", "k2")
        self.load("both", "w2")
        self.load("nested", "o", None)
        self.load("for", "h", 1)
        self.load("few", "v1", 1)
        self.load("slow", "j2")
        self.expire("early")
        self.silence("s", 'host=~"s|s2|gone"', "case!=other")
        self.show()

        self.at(20)
        self.load("inhibit", "source", 1)
        self.load("inhibit", "source", 1, zone="y")
        self.load("silence", "t gone", 1)
        self.load("silence", "s2")
        self.load("group", "c", 1, zone="y")
        self.load("all", "q1", 1)
        self.show()
        self.at(26)
        self.check("after 26 s")

        self.at(28)
        self.load("flaky", "y", 1)
        self.load("refused", "z", 1)
        self.load("flap", "f", 1)
        self.load("inhibit", "target", 1)
        self.load("slack", "k", 1)
        self.load("both", "w", 1)
        self.load("unresolved", "u2", 1)
        self.expire("s")
        self.show()

        # Where a group that was empty goes on in 0.25, at the same times as a new one.
        self.at(32)
        self.load("group", "c", zone="y")
        self.show()
        self.at(36)
        self.load("change", "g", 7)
        self.load("few", "v1 v2 v3", 1)
        self.load("nested", "p", 7, zone="y")
        self.show()
        self.at(40)
        self.load("flap", "f", 7)
        self.show()
        self.at(44)
        self.load("group", "c", 1, zone="y")
        self.show()

        self.at(52)
        self.load("silence", "s", 1)
        self.load("repeat", "r2")
        self.silence("kept", "case=silence", "host=kept")
        self.show()
        self.at(60)
        self.load("active", "n2")
        self.load("mute", "m2")
        self.load("silence", "kept")
        self.show()
        self.at(66)
        self.check("before the crash")
        self.at(68)

    def after_the_crash(self) -> None:
        # One has ended meanwhile, and one is new.
        self.at(0)
        self.load("group", "d", 1)
        self.load("group", "e")
        self.show()
        self.at(6)
        self.check("after the crash")

        self.at(12)
        self.load("group", "b", 1)
        self.load("slack", "i", 1, zone="y")
        self.expire("kept")
        self.show()

        # A reload flushes all groups.
        self.at(20)
        self.configure(is_late=True)
        self.reload()
        self.at(24)
        self.load("late", "l2")
        self.load("repeat", "r", 1)
        self.show()
        self.at(32)
        for key in self.loads:
            self.loads[key] = 1
        self.show()
        self.at(38)
        self.check("at the end")

    def compare(self) -> int:
        received, steps = self.behind.received, self.steps
        ours, theirs = (by_group(received, s.name, s.behind, steps) for s in self.stacks)
        for key in sorted({**ours, **theirs}):
            where = " ".join(key)
            self.comparison.group(where, ours.get(key, []), theirs.get(key, []), steps[0])
        return self.comparison.report()


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        scenario = Scenario(Path(folder))
        try:
            scenario.run()
            return scenario.compare()
        except BaseException:
            for log in Path(folder).glob("*/*.log"):
                print(f"--- {log.name} of {log.parent.name}\n{log.read_text()[-2000:]}")
            raise
        finally:
            for stack in scenario.stacks:
                stack.kill()


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
