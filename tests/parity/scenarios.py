"""Scenarios: what is done with an app, and what must be seen of it."""

import concurrent.futures
import sys
import traceback

SCENARIOS = []
ALONE = set()


def scenario(both=None, *, pm2=None, fleet=None, because="", alone=False):
    """What a function that is given an App returns: under both supervisors the
    same, or under each its own with the reason, or under Fleet alone. `alone`:
    under supervisors that have no other app."""
    assert (both is None) == (fleet is not None)
    assert (pm2 is not None) == bool(because)
    wanted = {word: value for word, value in (
        ("pm2", both if fleet is None else pm2),
        ("fleet", both if fleet is None else fleet)) if value is not None}

    def add(run):
        SCENARIOS.append((run.__name__, run, wanted, because))
        if alone:
            ALONE.add(run.__name__)
        return run
    return add


def run_scenarios(*kinds):
    """All of them at once, under supervisors of these kinds; or those that the
    command line names, showing what was seen. Ends the program."""
    asked = sys.argv[1:]
    chosen = [s for s in SCENARIOS if not asked or s[0] in asked]
    pool = concurrent.futures.ThreadPoolExecutor(24)
    shared = list(pool.map(lambda kind: kind(), kinds))
    own = {s[0]: list(pool.map(lambda kind: kind(), kinds))
           for s in chosen if s[0] in ALONE}
    failed = 0
    try:
        # PM2 puts a variable of the app's name among its settings: a name must
        # not be that of a setting.
        runs = [(s, {supervisor.word: pool.submit(
            s[1], supervisor.app(f"app-{s[0]}"[:60]))
                     for supervisor in own.get(s[0], shared)
                     if supervisor.word in s[2]})
                for s in chosen]
        for (name, _, wanted, because), results in runs:
            failed += not judge(name, wanted, because, results, bool(asked))
    finally:
        list(pool.map(lambda supervisor: supervisor.close(),
                      sum(own.values(), shared)))
    print(f"{len(chosen) - failed} passed, {failed} failed")
    sys.exit(1 if failed or not chosen else 0)


def judge(name, wanted, because, results, verbose):
    """Prints what was seen; whether it is what is wanted."""
    holds = True
    for word, result in results.items():
        try:
            seen = result.result()
        except Exception:  # Whatever it is, it is this scenario's failure.
            seen = traceback.format_exc()
        right = seen == wanted[word]
        holds = holds and right
        if verbose or not right:
            print(f"{name} under {word}: {seen}" +
                  ("" if right else f"\n  wanted {wanted[word]}"))
    print(f"{'ok' if holds else 'FAILED'} {name}" +
          (f" (differs: {because})" if because else ""), flush=True)
    return holds
