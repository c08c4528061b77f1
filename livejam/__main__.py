"""`python -m livejam` is `livejam`."""

from livejam.cli import main

if __name__ == "__main__":
    main()
