"""Check what wheels hold: a library for each level, of the right kind, and no more.

usage: python tests/wheel_contents.py WHEEL...

The kind is read from the head of each library, so that the wheels of all platforms can
be looked at on any of them.
"""

import struct
import sys
import zipfile
from pathlib import Path, PurePosixPath

X86_64, ARM64 = "x86-64", "arm64"
LEVELS = {X86_64: ["kernels", "kernels_v3", "kernels_v4"], ARM64: ["kernels"]}
_ELF_MACHINES = {62: X86_64, 183: ARM64}
_MACH_CPUS = {0x01000007: X86_64, 0x0100000C: ARM64}
_PE_MACHINES = {0x8664: X86_64, 0xAA64: ARM64}


def kind_of(library):
    """Give system and processor (str, str) that a shared library (bytes) is for.

    Raises
    ------
    ValueError
        If it is none of ELF, Mach-O and PE with 64 bits.
    """
    if library[:5] == b"\x7fELF\x02":
        return "linux", _ELF_MACHINES[struct.unpack_from("<H", library, 18)[0]]
    if library[:4] == b"\xcf\xfa\xed\xfe":
        return "macos", _MACH_CPUS[struct.unpack_from("<I", library, 4)[0]]
    if library[:2] == b"MZ":
        at = struct.unpack_from("<I", library, 60)[0]
        return "windows", _PE_MACHINES[struct.unpack_from("<H", library, at + 4)[0]]
    raise ValueError("This is no shared library of 64 bits.")


def kind_of_tag(platform):
    """Give system and processor (str, str) of the platform (str) of a wheel."""
    systems = {
        "linux": "linux",
        "manylinux": "linux",
        "macosx": "macos",
        "win": "windows",
    }
    system = next(systems[name] for name in systems if platform.startswith(name))
    return system, ARM64 if platform.endswith(("arm64", "aarch64")) else X86_64


def faults_of(wheel):
    """Give what is wrong with a wheel (list of str).

    Parameters
    ----------
    wheel : Path
        With the tag that is to be true.
    """
    python, abi, platform = wheel.stem.split("-")[-3:]
    faults = [] if (python, abi) == ("py3", "none") else ["not for every Python 3"]
    system, processor = kind_of_tag(platform)
    suffix = ".dll" if system == "windows" else ".so"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        native = [name for name in names if "/native/" in name]
        found = [name for name in native if not name.endswith((".py", ".json"))]
        wanted = [f"skrnn/_kernels/native/{name}{suffix}" for name in LEVELS[processor]]
        if sorted(found) != sorted(wanted):
            faults.append(f"has {sorted(found)}, not {wanted}")
        for name in found:
            kind = kind_of(archive.read(name))
            if kind != (system, processor):
                faults.append(f"{name} is for {kind}")
    if len(wheel.stem.split("-")) != 5:
        faults.append("lacks kernels, as its name says")
    if "skrnn/py.typed" not in names or "skrnn/__init__.pyi" not in names:
        faults.append("has no types")
    tops = {PurePosixPath(name).parts[0] for name in names}
    if any(top != "skrnn" and not top.endswith(".dist-info") for top in tops):
        faults.append(f"installs {tops}")
    return faults


if __name__ == "__main__":
    all_faults = {path: faults_of(Path(path)) for path in sys.argv[1:]}
    for path, faults in all_faults.items():
        print(f"{Path(path).name}: {'; '.join(faults) or 'as it should be'}")
    sys.exit(any(all_faults.values()))
