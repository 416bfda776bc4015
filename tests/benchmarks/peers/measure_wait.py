"""How long a free worker waits for its next trial while many work at once: Pegbox, through its real server.

Each worker is a thread that asks, sleeps for as long as its trial takes (log-normal, sigma 0.5), and tells the value.
Only the asks for trials after the first --after ones count: the more trials, the more there is to compute.
"""

import argparse
import csv
import os
import pathlib
import random
import threading
import time

from measure_time import SPACE, value

from methods import pegbox


def work(service, job, number, seconds, waits, lock):
    source = random.Random(number)
    # So that not all of them end at once.
    time.sleep(seconds * source.random())
    while True:
        start = time.perf_counter()
        trial = pegbox.ask(service, job)
        if trial is None:
            return
        with lock:
            waits.append((int(trial.name.rsplit("/", 1)[1]), 1000 * (time.perf_counter() - start)))
        time.sleep(seconds * source.lognormvariate(0, 0.5))
        pegbox.tell(service, trial, value(pegbox.parameters_of(trial)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=64, help="default: %(default)s")
    parser.add_argument("--trials", type=int, default=700, help="of the job (default: %(default)s)")
    parser.add_argument("--after", type=int, default=500, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=5, help="a trial's median (default: %(default)s)")
    parser.add_argument("--csv", type=pathlib.Path, required=True, help="written anew: workers,trial,ms")
    arguments = parser.parse_args()
    service = pegbox.Server(os.environ["PEGBOX_SERVER"]).service
    job = pegbox.create_job(service, SPACE, arguments.trials, 0, arguments.workers)
    waits, lock = [], threading.Lock()
    threads = [
        threading.Thread(target=work, args=(service, job, number, arguments.seconds, waits, lock))
        for number in range(arguments.workers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counted = [(trial, ms) for trial, ms in waits if trial > arguments.after]
    with arguments.csv.open("w") as file:
        rows = csv.writer(file)
        rows.writerow(["workers", "trial", "ms"])
        rows.writerows([arguments.workers, trial, f"{ms:.4f}"] for trial, ms in sorted(counted))
    ordered = sorted(ms for _, ms in counted)
    print(
        f"{arguments.workers} workers, {len(ordered)} trials after {arguments.after}: a free worker waits "
        f"{ordered[len(ordered) // 2]:.1f} ms (p50), {ordered[int(0.99 * len(ordered))]:.1f} ms (p99)"
    )


if __name__ == "__main__":
    main()
