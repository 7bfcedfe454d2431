"""`python -m vyraz` is `vyraz`."""

from vyraz.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
