"""What a live process holds once large answers have come and gone."""

import ctypes
import subprocess
import sys

import pytest


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="another C library, or glibc before 2.33")
def test_what_large_answers_took_goes_back_to_the_machine_also_what_threads_took() -> None:
    code = """
import ctypes, threading
from tipoff.app.live import give_memory_back
give_memory_back()

class Info(ctypes.Structure):  # mallinfo(3)
    _fields_ = [(name, ctypes.c_size_t) for name in "arena o s h m u f used free keep".split()]

def read() -> None:
    bytes(16 << 20)
    answers = [bytearray(4 << 20) for _ in range(5)]
    del answers

threads = [threading.Thread(target=read) for _ in range(4)]
for step in threading.Thread.start, threading.Thread.join:
    for thread in threads:
        step(thread)
library = ctypes.CDLL(None)
library.mallinfo2.restype = Info
print(library.mallinfo2().free)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert int(ran.stdout) < 10_000_000
