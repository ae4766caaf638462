"""`python -m core.cli.serve run app.py ...`: Streamlit's command, which says plainly that it was stopped."""

import sys

import click
from streamlit.web.cli import main

if __name__ == "__main__":
    try:
        main(prog_name="streamlit", standalone_mode=False)
    except click.Abort:  # Ctrl+C
        click.echo("Punchline has stopped.")
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
