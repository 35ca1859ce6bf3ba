"""Code whose child leaves the process group."""


def tree_code(marker: str, on_sigterm: str) -> str:
    """Return code that starts a child in its own session, prints `ready`, and sleeps.

    marker: appears in the child's command line. on_sigterm: code that sets the signal handler.
    """
    return (
        f"import signal, subprocess, sys, time\n{on_sigterm}\n"
        f"child = 'import time; time.sleep(300)  # {marker}'\n"
        "subprocess.Popen([sys.executable, '-c', child], start_new_session=True)\n"
        "print('ready', flush=True); time.sleep(300)"
    )
