"""What a function finds of time-machine, which lies beside the Lambda image but is not of it: nothing."""

raise ModuleNotFoundError("No module named 'time_machine'", name="time_machine")
