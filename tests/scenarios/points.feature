Feature: points
