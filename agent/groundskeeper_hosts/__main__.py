"""`python -m groundskeeper_hosts` is the command `groundskeeper-hosts`."""

from groundskeeper_hosts.command import main

if __name__ == "__main__":
    main()
