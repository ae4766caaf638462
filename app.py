"""The web app's frame: navigation and server routes."""

import streamlit as st

if __name__ == "__main__":
    st.set_page_config(page_title="Punchline", page_icon=":material/theater_comedy:", layout="wide")
    st.navigation([st.Page("pages/home.py", title="Home", icon=":material/home:", default=True)]).run()
else:
    app = st.App(__file__)
