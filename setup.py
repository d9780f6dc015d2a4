"""The kernels, compiled once for each level of instructions that a machine may have."""

import platform
import sys

from setuptools import Extension, setup

FLAGS = [
    "-O3",
    "-g0",
    "-std=c++17",
    "-fno-exceptions",
    "-fno-rtti",
    "-fvisibility=hidden",
    "-Wno-psabi",
]
IS_X86 = platform.machine().lower() in ("x86_64", "amd64")
LEVELS = {"kernels": []}
if IS_X86:
    LEVELS["kernels_v3"] = ["-march=x86-64-v3"]
    LEVELS["kernels_v4"] = ["-march=x86-64-v4", "-mprefer-vector-width=512"]

setup(
    ext_modules=[
        Extension(
            f"skrnn._native.{name}",
            ["skrnn/_native/kernels.cpp"],
            extra_compile_args=FLAGS + flags,
            extra_link_args=[] if sys.platform == "win32" else ["-pthread"],
            language="c",  # linked without the C++ runtime, which nothing needs
            # Where it cannot be compiled torch does its work.
            optional=True,
        )
        for name, flags in LEVELS.items()
    ]
)
