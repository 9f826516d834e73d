"""Tell Higgs events from background with a masked transformer autoencoder."""
