# The judges that ask croniter 7.0.0 (Airflow's evaluator) and cronsim 2.8 (Healthchecks').
#
# Dialect of croniter: `second_at_beginning`, and `implement_cron_bug`, its name for crontab's rule
# that a starred day field asks for both fields; it reads macros in any case.
# Dialect of cronsim: texts go in as they are; it knows five and six fields and no macro.
# Both are asked for the fires one after another, as their iterators give them. Their endless loops
# end after a deadline in CPU time; an answer that does not advance counts as a hang too.
#
# Answers (see ../README.md for the protocol):  python_judge.py croniter|cronsim
# Measures:                                     python_judge.py croniter|cronsim bench MODE ZONE
import signal
import sys
import time
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

DEADLINE_IN_SECONDS = 2
# How long everything is run before it is measured.
WARM_UP_IN_NANOSECONDS = 2_000_000_000
MASK = (1 << 64) - 1
zones = {"UTC": timezone.utc}


class Hang(BaseException):
    pass


def on_alarm(number, frame):
    raise Hang


def zone_named(name):
    if name not in zones:
        zones[name] = ZoneInfo(name)
    return zones[name]


class Croniter:
    name = "croniter 7.0.0"

    def __init__(self):
        from croniter import CroniterError, croniter

        self.make = croniter
        self.rejection = (CroniterError, ValueError)

    def parse(self, text, start):
        return self.make(
            text, start, ret_type=datetime, implement_cron_bug=True, second_at_beginning=True
        )

    def fires(self, text, start):
        """An iterator; the first next() may raise `rejection`."""
        iterator = self.parse(text, start)
        from croniter import CroniterBadDateError

        def generate():
            try:
                while True:
                    yield iterator.get_next()
            except CroniterBadDateError:
                return

        return generate()

    def first(self, parsed):
        return parsed.get_next()

    def chain_pass(self, text, start, count):
        iterator = self.parse(text, start)

        def run():
            iterator.set_current(start)
            return [iterator.get_next() for _ in range(count)]

        return run

    def random_pass(self, text, instants):
        iterator = self.parse(text, instants[0])
        return lambda: [iterator.get_next(start_time=at) for at in instants]


class Cronsim:
    name = "cronsim 2.8"

    def __init__(self):
        from cronsim import CronSim, CronSimError

        self.make = CronSim
        self.rejection = (CronSimError,)

    def parse(self, text, start):
        return self.make(text, start)

    def fires(self, text, start):
        return self.parse(text, start)

    def first(self, parsed):
        return next(parsed)

    # It has no other way to set where it stands than to make a new one, which parses.
    def chain_pass(self, text, start, count):
        def run():
            iterator = self.make(text, start)
            return [next(iterator) for _ in range(count)]

        return run

    def random_pass(self, text, instants):
        return lambda: [next(self.make(text, at)) for at in instants]


def answer(judge, words, zone, start, count, text):
    """Appends fires to `words`, so that what came before a hang is kept."""
    try:
        fires = judge.fires(text, datetime.fromtimestamp(int(start), zone_named(zone)))
    except judge.rejection:
        words.append("rejected")
        return
    last = None
    for _ in range(int(count)):
        try:
            second = int(next(fires).timestamp())
        except StopIteration:
            words.append("end")
            return
        if last is not None and second <= last:
            words.append("hang")
            return
        words.append(str(second))
        last = second


def judge_all(judge):
    signal.signal(signal.SIGPROF, on_alarm)
    print("judge", judge.name, sep="\t")
    for line in sys.stdin:
        name, zone, start, count, text = line.rstrip("\n").split("\t")
        words = [name]
        try:
            signal.setitimer(signal.ITIMER_PROF, DEADLINE_IN_SECONDS)
            answer(judge, words, zone, start, count, text)
            signal.setitimer(signal.ITIMER_PROF, 0)
        except Hang:
            words.append("hang")
        except (AssertionError, OverflowError):
            # Both occur inside a search; it ends without an answer then.
            signal.setitimer(signal.ITIMER_PROF, 0)
            words.append("crash")
        print("\t".join(words))


def mix(answers):
    total = 0
    for at in answers:
        total = ((total ^ int(at.timestamp())) * 1099511628211) & MASK
    return total


def make_pass(judge, mode, text, instants):
    if mode == "chain":
        return judge.chain_pass(text, instants[0], len(instants))
    if mode == "random":
        return judge.random_pass(text, instants)
    if mode == "parse":

        def run():
            for _ in instants:
                parsed = judge.parse(text, instants[0])
            return parsed

        return run
    raise SystemExit(f"unknown mode {mode}")


def bench(judge, mode, zone_name):
    zone = zone_named(zone_name)
    instants = [datetime.fromtimestamp(int(word), zone) for word in sys.stdin.readline().split()]
    passes = []
    for line in sys.stdin:
        passes.append(make_pass(judge, mode, line.rstrip("\n"), instants))
    clock = time.perf_counter_ns
    warm = clock() + WARM_UP_IN_NANOSECONDS
    while True:
        sums = 0
        for run in passes:
            answers = run()
            if mode == "parse":
                answers = [judge.first(answers)]
            sums = (sums * 31 + mix(answers)) & MASK
        if clock() >= warm:
            break
    figures = []
    for run in passes:
        best = 1 << 62
        begun = clock()
        count = 0
        while count < 5 or clock() - begun < 20_000_000:
            started = clock()
            run()
            best = min(best, clock() - started)
            count += 1
        figures.append(best / len(instants))
    figures.sort()
    print(f"{figures[len(figures) // 2]:.1f}\t{figures[-1]:.1f}\t{sums:016x}")


def main():
    judge = {"croniter": Croniter, "cronsim": Cronsim}[sys.argv[1]]()
    if sys.argv[2:3] == ["bench"]:
        bench(judge, sys.argv[3], sys.argv[4])
    else:
        judge_all(judge)


main()
