#!/usr/bin/env python3
"""Write a trained network into exported/ as ONNX, with the proof that it plays the same notes.

    python tools/export_onnx.py RUN/checkpoint.pt [-o exported] [--bits 32]

The same as `livejam export`.
"""

import sys

from livejam.cli import main

if __name__ == "__main__":
    main(["export", *sys.argv[1:]])
