"""The recorded MLB: seasons of Retrosheet turned back into what statsapi.mlb.com answered at each instant."""
