"""What a trained model says about one video, or one walk: figures as JSON, and a picture."""
