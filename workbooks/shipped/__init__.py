"""The workbooks that come with hyperwatt, as specs."""
