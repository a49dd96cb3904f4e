"""Measuring in turns: what slows a machine for a while slows everyone alike."""


def run_in_turns(tasks, turns):
    """Each task, (list of seconds, function that gives its seconds), once a turn; each turn starts with another one."""
    for turn in range(turns):
        first = turn * len(tasks) // turns
        for seconds, run in tasks[first:] + tasks[:first]:
            seconds.append(run())
