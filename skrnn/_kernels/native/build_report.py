"""What became of compiling the kernels, for who installs and for who asks later.

A build that goes through is one of which pip shows nothing, but for the name of the
wheel: so that has to tell where kernels are missing, by its build number.
"""

REPORT = "compiled.json"  # beside the libraries


def report_of(machine, compiler, failures):
    """Return what is to be kept (dict).

    Parameters
    ----------
    machine : Machine
        For which the kernels are.
    compiler : str
        Its version, as it tells it, or what it was called by.
    failures : dict
        For each level that did not compile, why (str).
    """
    wanted = machine.libraries.values()
    return {
        "platform": machine.tag,
        "compiler": compiler,
        "levels": [level for level in wanted if level not in failures],
        "failures": failures,
    }


def build_number(report):
    """Return what the name of the wheel says of it (str); None where all compiled."""
    if not report["failures"]:
        return None
    # Only the baseline may ask the machine what it can run.
    there = report["levels"] if "baseline" in report["levels"] else []
    left = f"only_{'_'.join(there)}" if there else "none"
    return f"0_kernels_compiled_{left}"


def complaint(report):
    """Return what is said of it (str) to who installs; empty where all compiled."""
    if not report["failures"]:
        return ""
    told = [f"  {level}: {why}" for level, why in report["failures"].items()]
    return "\n".join(
        [
            "skrnn: kernels of these levels of instructions did not compile:",
            *told,
            f"The compiler: {report['compiler']}.",
            "Without kernels torch does their work, up to twenty times more slowly; "
            "skrnn.show_versions() tells which of them run. Name a compiler of C++ by "
            "the variable CC; with SKRNN_REQUIRE_KERNELS=1 an installation without all "
            "of them fails.",
        ]
    )
