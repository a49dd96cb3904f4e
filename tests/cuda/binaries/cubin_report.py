"""The kernels of a host object, archive, program or cubin, read out of cuobjdump's texts."""

import re

from cuda_tools import cuobjdump
from kernel_rule import Kernel

# One device binary for one architecture; an archive holds one for each of its members and architectures.
PART = re.compile(r"^Fatbin (elf|ptx) code:\n=+\narch = sm_(\w+)$", re.MULTILINE)
USAGE = re.compile(r"^ Function (\S+):\n\s*REG:(\d+) STACK:(\d+) SHARED:(\d+) LOCAL:(\d+)", re.MULTILINE)
INFO = re.compile(r"^\.nv\.info\.(\S+)\n(.*?)(?=^\.|\Z)", re.MULTILINE | re.DOTALL)
BOUND = re.compile(r"EIATTR_MAX_THREADS\n.*\n\s*Value:\s*0x(\w+) 0x(\w+) 0x(\w+)")
FUNCTION = re.compile(r"^\s*Function : (\S+)\n(.*?)(?=^\s*Function : |\Z)", re.MULTILINE | re.DOTALL)
INSTRUCTION = re.compile(r"^\s+/\*[0-9a-f]{4,}\*/\s+(.*?)\s*;", re.MULTILINE)

# From sm_90 on, the first KiB of a kernel's shared memory is the system's and counted as the kernel's.
SYSTEM_SHARED = 1024


def parts_of(text, kind):
    """(architecture, its text) of each device binary of a kind."""
    marks = list(PART.finditer(text))
    for mark, following in zip(marks, [*marks[1:], None]):
        if mark.group(1) == kind:
            yield mark.group(2), text[mark.end():following.start() if following else len(text)]


def own_shared(architecture, shared):
    return max(shared - SYSTEM_SHARED, 0) if int(re.match(r"\d+", architecture).group()) >= 90 else shared


def kernels_of(usage, elf, sass):
    """Kernels by the outputs of --dump-resource-usage, -elf and -sass."""
    threads = {}
    for architecture, part in parts_of(elf, "elf"):
        for name, attributes in INFO.findall(part):
            bound = BOUND.search(attributes)
            if bound:
                x, y, z = (int(one, 16) for one in bound.groups())
                threads[architecture, name] = x * y * z
    code = {}
    for architecture, part in parts_of(sass, "elf"):
        for name, body in FUNCTION.findall(part):
            code[architecture, name] = "\n".join(INSTRUCTION.findall(body))
    kernels = []
    for architecture, part in parts_of(usage, "elf"):
        for name, registers, stack, shared, local in USAGE.findall(part):
            if not code.get((architecture, name)):
                raise RuntimeError(f"{name} (sm_{architecture}): no instruction in cuobjdump -sass, expected some")
            kernels.append(Kernel(name=name, architecture=architecture, registers=int(registers), stack=int(stack),
                                  local=int(local), shared=own_shared(architecture, int(shared)),
                                  threads=threads.get((architecture, name), 0), code=code[architecture, name]))
    return kernels


def read_kernels(path):
    """(kernels, architectures that PTX is there for)."""
    usage = cuobjdump("--dump-resource-usage", path)
    kernels = kernels_of(usage, cuobjdump("-elf", path), cuobjdump("-sass", path))
    return kernels, {architecture for architecture, _ in parts_of(usage, "ptx")}
